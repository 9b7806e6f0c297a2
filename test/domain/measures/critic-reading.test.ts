/** Whether critics use what they read: which problems take part, and what is estimated of them (measures.md). */
import fc from 'fast-check';
import type { OthersKind, OwnKind } from '../../../src/contract/critic-reading';
import { cellsOf, criticReading, poolOf, type ProbedProblem } from '../../../src/domain/measures/critic-reading';

const response = (name: string, right: boolean) => ({ response: name, right });
const responses = [
  response('r1', true),
  response('w1', false),
  response('r2', true),
  response('w2', false),
  response('r3', true),
  response('w3', false),
];
const asked = { problemsAsked: 200, failed: 0, samples: 16, critics: 3 };
const critics = (right: (own: OwnKind, others: OthersKind) => boolean): ProbedProblem =>
  cellsOf((own, others) => Array.from({ length: asked.critics }, () => right(own, others)));
const many = (problem: ProbedProblem, problems = 40) => Array.from({ length: problems }, () => problem);

const ignoring = critics((own) => own === 'right');
const following = critics((own, others) => (others === 'mixed' ? own === 'right' : others === 'right'));
const judging = critics((own, others) => own === 'right' || others !== 'wrong');

test('a problem takes part with three right and three wrong responses, and no sooner', () => {
  expect(poolOf(responses.slice(0, 5), false)).toBeUndefined();
  expect(poolOf(responses.slice(1), false)).toBeUndefined();
  expect(poolOf(responses, false)).toEqual({
    own: { right: 'r3', wrong: 'w3' },
    others: { right: ['r1', 'r2'], mixed: ['r1', 'w2'], wrong: ['w1', 'w2'] },
  });
});

test('where one of each is shown, either may come first', () =>
  expect(poolOf(responses, true)?.others.mixed).toEqual(['w1', 'r2']));

test('further samples of a problem change nothing, and no response is shown to its own author', () =>
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 16 }), fc.boolean(), (verdicts, wrongFirst) => {
      const drawn = verdicts.map((right, index) => response(String(index), right));
      const first = drawn.map((_, index) => poolOf(drawn.slice(0, index + 1), wrongFirst)).find(Boolean);
      const pool = poolOf(drawn, wrongFirst);
      expect(pool).toEqual(first);
      if (pool === undefined) return;
      const shown = Object.values(pool.others).flat();
      expect(shown).not.toContain(pool.own.right);
      expect(shown).not.toContain(pool.own.wrong);
    }),
  ));

test('critics that ignore what they read have a reading of 0, and show nothing about debating', () => {
  const found = criticReading(many(ignoring), asked);
  expect(found).toMatchObject({
    problems: 40,
    reading: { points: 0 },
    copying: { points: 0 },
    verdict: 'does-not-read',
  });
  expect(found.rightByOwnAndOthers.right.wrong.points).toBe(100);
});

test('critics that take over whatever they read read and copy alike: nothing is judged', () =>
  expect(criticReading(many(following), asked)).toMatchObject({
    reading: { points: 100 },
    copying: { points: 100 },
    judgement: { points: 0 },
    verdict: 'reads',
  }));

test('critics that take over right answers only read without copying', () =>
  expect(criticReading(many(judging), asked)).toMatchObject({
    reading: { points: 100 },
    copying: { points: 0 },
    judgement: { points: 100 },
    verdict: 'reads',
  }));

test('the standard error is that of the differences within problems', () => {
  // Hard and easy problems, on all of which two right others help one critic of three.
  const problem = (rightAnyway: number): ProbedProblem =>
    cellsOf((own, others) => {
      const right = rightAnyway + (own === 'wrong' && others === 'right' ? 1 : 0);
      return [1, 2, 3].map((critic) => critic <= right);
    });
  const found = criticReading([...many(problem(0), 20), ...many(problem(2), 20)], asked);
  expect(found.reading).toMatchObject({ points: 33.33, standardError: 0 });
  expect(found.rightByOwnAndOthers.wrong.wrong.standardError).toBeGreaterThan(5);
});

test('differences that are all alike are not certain', () => {
  const { interval } = criticReading(many(ignoring, 3), asked).reading;
  expect(interval!.upper).toBeGreaterThan(20);
  expect(criticReading(many(ignoring, 3), asked).verdict).toBe('undecided');
});

test.each([0, 1, 2])('%i problems say nothing', (problems) =>
  expect(criticReading(many(judging, problems), asked)).toMatchObject({
    problems,
    reading: { points: problems === 0 ? null : 100, interval: null },
    verdict: 'not-measured',
  }),
);

test('an interval that holds 5 points leaves it open', () => {
  // One critic of three is moved, on one problem of five.
  const moved: ProbedProblem = { ...ignoring, wrong: { ...ignoring.wrong, right: [true, false, false] } };
  const found = criticReading([...many(ignoring, 32), ...many(moved, 8)], asked);
  expect(found.reading.points).toBeCloseTo(6.67, 2);
  expect(found.verdict).toBe('undecided');
});
