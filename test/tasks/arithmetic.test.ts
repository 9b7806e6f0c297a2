import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import type { Problem } from '../../src/contract/problem';
import { InvalidRunSpec } from '../../src/errors';
import { pythonPackagesDirectory } from '../../src/machine/paths';
import type { TaskSettings } from '../../src/tasks/kinds/all';
import { taskFor, type DrawnProblems } from '../../src/tasks';
import { normalisedText } from '../../src/domain/normalised-text';

const settings = { kind: 'arithmetic', max: 10, heldOut: false, train: 50, eval: 40, problems: 'fixed' } as const;
const draw = (task: TaskSettings, seed: number, iterations: number): Promise<DrawnProblems> =>
  taskFor(task, { dataDirectory: '/nowhere' }).draw({ seed, iterations });
const texts = (problems: Problem[]) => problems.map(({ question }) => normalisedText(question));

/** An independent reading of the expression: no precedence rules of our own. */
const evaluated = (question: string): string => {
  const [a, b, c, d, e, f] = question.split(/[+*-]/).map(Number) as [number, number, number, number, number, number];
  return String(a + b * c + d - e * f);
};

test('problems are a+b*c+d-e*f with operands below max, ids in order, answers right', async () => {
  const { eval: evaluation, train } = await draw(settings, 0, 1);
  expect([evaluation.length, train.length, train[0]!.length]).toEqual([40, 1, 50]);
  expect(evaluation[0]!.id).toBe('arithmetic-000000');
  expect(train[0]!.at(-1)!.id).toBe('arithmetic-000089');
  for (const { question, answer } of [...evaluation, ...train.flat()]) {
    expect(question).toMatch(/^\d\+\d\*\d\+\d-\d\*\d$/);
    expect(answer).toBe(evaluated(question));
  }
});

test('operands are uniform: every digit turns up about as often as any other', async () => {
  const { train } = await draw({ ...settings, train: 5000 }, 1, 1);
  const operands = train[0]!.flatMap(({ question }) => question.split(/[+*-]/).map(Number));
  const counts = Array.from({ length: 10 }, (_, digit) => operands.filter((operand) => operand === digit).length);
  const chiSquare = counts.reduce((sum, count) => sum + (count - 3000) ** 2 / 3000, 0);
  // 99.9 % quantile of chi-square with 9 degrees of freedom.
  expect(chiSquare).toBeLessThan(27.9);
});

test('2. training and evaluation problems are disjoint by id and by normalised text, for any seed and size', async () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.integer({ min: 2, max: 4 }),
      fc.constantFrom('fixed', 'fresh'),
      async (seed, max, problems) => {
        const drawn = await draw({ kind: 'arithmetic', max, heldOut: false, train: 10, eval: 20, problems }, seed, 3);
        const different = [...drawn.eval, ...new Set(drawn.train)].flat();
        expect(new Set(different.map(({ id }) => id)).size).toBe(different.length);
        expect(new Set(texts(different)).size).toBe(different.length);
      },
    ),
  ));

test('the same seed draws the same problems, another seed others', async () => {
  expect(await draw(settings, 5, 2)).toEqual(await draw(settings, 5, 2));
  expect(texts((await draw(settings, 5, 1)).eval)).not.toEqual(texts((await draw(settings, 6, 1)).eval));
});

test('fixed problems are the same in every iteration, fresh ones are not, and evaluation stays the same', async () => {
  const fixed = await draw(settings, 0, 3);
  expect(fixed.train[2]).toBe(fixed.train[0]);
  const fresh = await draw({ ...settings, problems: 'fresh' }, 0, 3);
  expect(fresh.train.map(({ length }) => length)).toEqual([50, 50, 50]);
  expect(texts(fresh.train[1]!)).not.toEqual(texts(fresh.train[0]!));
  expect(fresh.eval).toEqual(fixed.eval);
  expect((await draw(settings, 0, 0)).train).toEqual([]);
});

test('all problems that exist can be drawn, one more is refused with what there is', async () => {
  const all = await draw({ ...settings, max: 2, train: 44, eval: 20 }, 0, 1);
  expect(new Set(texts([...all.eval, ...all.train.flat()])).size).toBe(64);
  const tooMany = () => draw({ ...settings, max: 2, train: 45, eval: 20 }, 0, 1);
  await expect(tooMany()).rejects.toThrow(InvalidRunSpec);
  await expect(tooMany()).rejects.toThrow(/65 different problems .* only 64 exist/);
});

test.each([2, 3])('of small held-out questions no more are promised than exist: max %d', async (max) => {
  const more = draw({ ...settings, max, heldOut: true, train: 1000, eval: 0 }, 0, 1);
  const { message } = await more.then(
    () => new Error('not refused'),
    (error: Error) => error,
  );
  const existing = Number(/only (\d+) exist/.exec(message)?.[1]);
  const { train } = await draw({ ...settings, max, heldOut: true, train: existing, eval: 0 }, 0, 1);
  expect(new Set(texts(train.flat())).size).toBe(existing);
});

test('heldOut draws only questions the tiny model never saw: the same rule as python/maft/tiny/problems.py', async () => {
  const { eval: evaluation, train } = await draw({ ...settings, heldOut: true }, 3, 1);
  const questions = [...evaluation, ...train.flat()].map(({ question }) => `${question}=?`);
  const program =
    'import json, sys; from maft.tiny.problems import is_held_out; print(all(map(is_held_out, json.load(sys.stdin))))';
  const answer = execFileSync(process.env.MAFT_TEST_PYTHON ?? 'python3', ['-c', program], {
    input: JSON.stringify(questions),
    env: { ...process.env, PYTHONPATH: pythonPackagesDirectory() },
  });
  expect(answer.toString().trim()).toBe('True');
});
