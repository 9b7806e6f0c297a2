/** The grader of mathematical answers, with the real Math-Verify in real processes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, ProviderError } from '../../src/errors';
import { pythonPackagesDirectory } from '../../src/machine/paths';
import { MathVerifyGrader } from '../../src/providers/math-verify-grader';

const python = process.env.MAFT_TEST_PYTHON ?? 'python3';
const options = { python, pythonPath: pythonPackagesDirectory(), processes: 2, timeLimitMs: 5_000 };
/** Math-Verify integrates for ten seconds and more, on a fast machine. */
const integrals = (outer: string): string =>
  ['sin(\\sin', 'sin(\\cos', 'cos(\\sin'].map((inner) => `\\int_0^1 \\${outer}(\\${inner}(x^x)))dx`).join(' + ');
const poison = { a: integrals('sin'), b: integrals('cos') };

let grader: MathVerifyGrader;
beforeAll(() => (grader = new MathVerifyGrader(options)));
afterAll(() => grader.close());

test('verdicts come in the order of the pairs, whichever are settled by spelling', async () => {
  const pairs: [string, string, boolean][] = [
    ['\\frac12', '0.5', true],
    ['10,\\!236', '10236', true],
    ['5', '6', false],
    ['x=5', '5', true],
    ['3n^2-18', '3(n^2-6)', true],
    ['(0,1]', '[0,1)', false],
    ['\\begin{pmatrix} 1/5 \\\\ -3/5 \\end{pmatrix}', '\\begin{pmatrix} 0.2 \\\\ -0.6 \\end{pmatrix}', true],
    ['4\\sqrt{2} + 4', '4(1+\\sqrt{2})', true],
    ['25 \\text{ ft}', '25', true],
    ['\\text{Monday}', '\\text{Tuesday}', false],
    ['\\$0.50', '\\frac{1}{2}', true],
  ];
  const verdicts = await grader.grade(pairs.map(([a, b]) => ({ a, b })));
  expect(verdicts.map(({ equal }, index) => [...pairs[index]!.slice(0, 2), equal])).toEqual(pairs);
});

test('a pair is equal in one order exactly if it is in the other', async () => {
  const pairs = [
    { a: '0<x\\le 1', b: '(0,1]' },
    { a: '1,2', b: '\\{1,2\\}' },
    { a: '50\\%', b: '0.5' },
    { a: 'y=-2x', b: '-2x' },
  ];
  const forward = await grader.grade(pairs);
  const backward = await grader.grade(pairs.map(({ a, b }) => ({ a: b, b: a })));
  expect(backward).toEqual(forward);
});

test('a poisonous pair costs its time limit, and nobody else’s verdict', async () => {
  const hasty = new MathVerifyGrader({ ...options, processes: 1, timeLimitMs: 3_000 });
  const verdicts = await hasty.grade([poison, { a: '\\frac12', b: '0.5' }, poison, { a: 'x=5', b: '5' }]);
  expect(verdicts).toEqual([
    { equal: false, reason: 'time limit' },
    { equal: true },
    { equal: false, reason: 'time limit' },
    { equal: true },
  ]);
  await hasty.close();
});

test('a cancelled request is rejected at once, and the grader serves the next one', async () => {
  const cancellation = new AbortController();
  const grading = grader.grade([poison], cancellation.signal);
  cancellation.abort(new Error('cancelled'));
  await expect(grading).rejects.toThrow('cancelled');
  expect(await grader.grade([{ a: '2x', b: 'x+x' }])).toEqual([{ equal: true }]);
});

test('a grader whose process was killed fails what was open, retryable, and works again', async () => {
  const killed = new MathVerifyGrader(options);
  expect(await killed.grade([{ a: '2x', b: 'x+x' }])).toEqual([{ equal: true }]);
  const grading = killed.grade([poison]);
  const child = (Reflect.get(killed, 'process') as { child: { pid: number } }).child;
  process.kill(-child.pid, 'SIGKILL');
  const failure = await grading.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ProviderError);
  expect(failure).toMatchObject({ retryable: true, message: 'The grader was killed by SIGKILL: it said nothing' });
  expect(await killed.grade([{ a: '2x', b: 'x+x' }])).toEqual([{ equal: true }]);
  await killed.close();
});

test('closing leaves no process behind', async () => {
  const closed = new MathVerifyGrader(options);
  await closed.grade([{ a: '2x', b: 'x+x' }]);
  const { pid } = (Reflect.get(closed, 'process') as { child: { pid: number } }).child;
  await closed.close();
  const left = execFileSync('ps', ['-eo', 'pgid=,stat=']).toString().split('\n');
  expect(left.filter((line) => line.trim().startsWith(`${pid} `) && !/Z/.test(line))).toEqual([]);
});

test('one that fails after it has answered is asked again: it is installed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maft-grader-'));
  const python = join(folder, 'python');
  const answering = `read -r pair; echo '{"id":1,"equal":true}'; read -r pair; echo "fork: no memory" >&2; exit 1`;
  writeFileSync(python, `#!/bin/sh\n${answering}\n`, { mode: 0o755 });
  const failing = new MathVerifyGrader({ ...options, python });
  expect(await failing.grade([{ a: '2x', b: 'x+x' }])).toEqual([{ equal: true }]);
  await expect(failing.grade([poison])).rejects.toMatchObject({
    retryable: true,
    message: 'The grader exited with code 1: fork: no memory',
  });
  rmSync(folder, { recursive: true });
});

test.each([
  ['a Python that is none', '/nowhere/python', /Cannot start the grader with \/nowhere\/python/],
  ['one that ends with an error', '/bin/false', /exited with code 1.*Run maft doctor/],
])('%s is a ConfigError that says what to do', async (_name, program, message) => {
  const grading = new MathVerifyGrader({ ...options, python: program }).grade([poison]);
  await expect(grading).rejects.toThrow(ConfigError);
  await expect(grading).rejects.toThrow(message);
});
