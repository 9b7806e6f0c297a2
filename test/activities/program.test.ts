/** One run, one program: a worker whose prompts or rules are others does not work on it, and the right one may. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities, type ActivityDependencies } from '../../activities';
import type { RunRecord } from '../../src/contract/run';
import { readSealed } from '../../src/artifacts/sealed';
import { digestOf } from '../../src/domain/digests';
import { runKeys } from '../../src/domain/keys';
import { repositoryRoot } from '../../src/machine/paths';
import { mathVerifyVersions } from '../../src/providers/math-verify-versions';
import { programParts, type ProgramParts } from '../../src/program';
import { promptSets } from '../../src/prompts/templates';
import {
  activityWorld,
  smallSpecification,
  trainingShard,
  turnOf,
  type ActivityWorld,
} from '../support/activity-world';

let world: ActivityWorld;

beforeEach(async () => {
  world = await activityWorld();
});

afterEach(() => world.remove());

/** A worker that was started later, on the same store. */
const workerOf = (changes: Partial<ActivityDependencies> = {}) =>
  createActivities({ ...world.dependencies, ...changes });

const ruled = (rules: string): Partial<ActivityDependencies> => ({
  machine: { ...world.dependencies.machine, program: () => ({ 'how votes are counted': rules }) },
});

async function firstTurn(worker = workerOf()): Promise<unknown> {
  const shard = trainingShard(await world.resolve('run'));
  const { problemIds } = await world.call('openShard', shard);
  const turn = turnOf(shard, { problemId: problemIds[0]!, round: 1, member: 1 });
  return new MockActivityEnvironment().run(worker.takeTurn as never, turn);
}

test('the version of Math-Verify is part of a run whose answers it compares, and another one grades nothing', async () => {
  const { task, machine } = world.dependencies;
  const comparing = (versions: string): Partial<ActivityDependencies> => ({
    machine: { ...machine, mathVerify: () => versions },
    task: (settings) => ({ ...task(settings), equal: undefined as never }),
    grader: () => ({ grade: async (pairs) => pairs.map(() => ({ equal: true })) }),
  });
  await world.remove();
  world = await activityWorld(() => comparing('Math-Verify 0.8.0'));
  await world.resolve('run');
  await expect(firstTurn(workerOf(comparing('Math-Verify 0.9.0')))).rejects.toMatchObject({
    message: expect.stringContaining('(different: Math-Verify 0.8.0, Math-Verify 0.9.0)') as string,
  });
  await expect(firstTurn()).resolves.toMatchObject({ counts: { calls: 1 } });
});

test('the version of Math-Verify is that of the Python that grades', () => {
  expect(mathVerifyVersions(path.join(repositoryRoot(), '.venv/bin/python'))).toMatch(
    /^Math-Verify \d[\d.]+, latex2sympy2-extended \d[\d.]+, sympy \d[\d.]+$/,
  );
  expect(() => mathVerifyVersions('/no/such/python')).toThrow(/must have the package math-verify/);
});

test('a turn is refused by a worker with another rule, like an outage that names it, and taken by one with the same', async () => {
  await world.resolve('run');
  const asked = world.inference.requests.length;
  await expect(firstTurn(workerOf(ruled('2')))).rejects.toMatchObject({
    type: 'ConfigError',
    nonRetryable: false,
    details: [{ outage: true }],
    message: expect.stringMatching(
      /^worker .*: run run was begun by another version of this program \(different: rules, how votes are counted\).* Go on with a worker of that version/,
    ),
  });
  expect(world.inference.requests).toHaveLength(asked);
  await expect(firstTurn()).resolves.toMatchObject({ counts: { calls: 1 } });
});

test('a changed prompt is named by its text and split, and asks nobody anything', async () => {
  await world.resolve('run');
  const compact = promptSets.find(({ name }) => name === 'compact')!.tasks.arithmetic!;
  const before = compact.laterRound;
  try {
    Object.assign(compact, { laterRound: `Think again. ${before}` });
    await expect(firstTurn()).rejects.toThrow(
      /different: the training prompt "laterRound", the evaluation prompt "laterRound"/,
    );
  } finally {
    Object.assign(compact, { laterRound: before });
  }
  expect(world.inference.requests).toEqual([]);
});

test('a run that is started again by another version is refused at once, not adopted', async () => {
  await world.resolve('run');
  const info = { workflowExecution: { workflowId: 'maft/run', runId: '2' }, activityType: 'resolveRun' };
  const resume = new MockActivityEnvironment(info).run(workerOf(ruled('2')).resolveRun as never, {
    input: [smallSpecification()],
  });
  await expect(resume).rejects.toMatchObject({
    nonRetryable: true,
    message: expect.stringContaining('another version'),
  });
});

test('a record that does not say what it was begun with is not taken as equal', async () => {
  await world.resolve('run');
  const { program: _, ...record } = (await readSealed<RunRecord>(world.store, runKeys.record('run')))!;
  const sealed = { ...record, sha256: digestOf(record) };
  writeFileSync(path.join(world.folder, runKeys.record('run')), JSON.stringify(sealed));
  await expect(firstTurn()).rejects.toThrow(/its record does not say with which prompts and rules/);
});

describe('the parts of the program', () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'maft-program-'));
    for (const folder of ['dist/src', 'python/maft'])
      cpSync(path.join(repositoryRoot(), folder), path.join(copy, folder), { recursive: true });
    writeFileSync(path.join(copy, 'package.json'), '{"name": "multiagent-finetuning", "version": "0"}');
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  /** Of the copy, as a process that starts now would have them. */
  const partsOfCopy = (): ProgramParts => {
    const script = `const { programParts } = require('./dist/src/program.js'); console.log(JSON.stringify(programParts(['gsm8k'])));`;
    const environment = { ...process.env, NODE_PATH: path.join(repositoryRoot(), 'node_modules') };
    return JSON.parse(
      execFileSync(process.execPath, ['-e', script], { cwd: copy, env: environment, encoding: 'utf8' }),
    ) as ProgramParts;
  };
  const changed = (file: string, from: RegExp, to: string): string[] => {
    const before = partsOfCopy();
    const whole = path.join(copy, file);
    const text = readFileSync(whole, 'utf8');
    expect(text).toMatch(from);
    writeFileSync(whole, text.replace(from, to));
    const after = partsOfCopy();
    writeFileSync(whole, text);
    return Object.keys(after).filter((part) => after[part] !== before[part]);
  };

  test('are those of this program, whichever folder it lies in', () => {
    expect(partsOfCopy()).toEqual(programParts(['gsm8k']));
  });

  test.each([
    ['dist/src/domain/draws.js', /return/, 'return /* 1 */', 'how votes are counted'],
    ['dist/src/domain/answers/number.js', /return/, ' return', 'how answers are read'],
    ['dist/src/domain/mixing.js', /return/, ' return', 'how training sets are selected'],
    ['dist/src/tasks/kinds/gsm8k.js', /return/, ' return', 'the task gsm8k'],
    ['python/maft/train/template.py', /return/, ' return', 'how agents are trained (python/maft/train)'],
    [
      'python/maft/train/__main__.py',
      /"""exit codes: /,
      '"""Exit codes: ',
      'how agents are trained (python/maft/train)',
    ],
    ['python/maft/chat_template.py', /return/, ' return', 'how agents are trained (python/maft/train)'],
  ])('a change of %s is seen', (file, from, to, part) => {
    expect(changed(file, from, to)).toContain(part);
  });

  test('a comment or a docstring in Python, an error text and another task change nothing', () => {
    expect(changed('python/maft/train/template.py', /\n/, '\n# why\n')).toEqual([]);
    expect(changed('python/maft/train/template.py', /^"""[\s\S]*?"""/, '"""Other words."""')).toEqual([]);
    expect(changed('dist/src/errors.js', /extends Error/, 'extends  Error')).toEqual([]);
    expect(changed('dist/src/tasks/kinds/mmlu.js', /return/, ' return')).toEqual([]);
  });
});
