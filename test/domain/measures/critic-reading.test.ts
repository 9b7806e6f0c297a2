/** Whether critics use what they read: which problems take part, and what is estimated of them (measures.md). */
import fc from 'fast-check';
import type { OthersKind, OwnKind, Revisions } from '../../../src/contract/critic-reading';
import * as probing from '../../../src/domain/measures/critic-reading';
import {
  cellsOf,
  measuredIntervention,
  mostCallsPerProblem,
  pooledReading,
  poolOf,
  revisingMembers,
} from '../../../src/domain/measures/critic-reading';

const response = (name: string, right: boolean) => ({ response: name, right });
const responses = [
  response('r1', true),
  response('w1', false),
  response('r2', true),
  response('w2', false),
  response('r3', true),
  response('w3', false),
];
const asked = { samples: 16, critics: 3 };
const criticReading = (problems: Revisions[], by: typeof asked) =>
  probing.criticReading(
    problems.map((right) => ({ kind: 'revised', right })),
    by,
  );
const critics = (right: (own: OwnKind, others: OthersKind) => boolean): Revisions =>
  cellsOf((own, others) => Array.from({ length: asked.critics }, () => right(own, others)));
const many = (problem: Revisions, problems = 40) => Array.from({ length: problems }, () => problem);

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
  const problem = (rightAnyway: number): Revisions =>
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
  const moved: Revisions = { ...ignoring, wrong: { ...ignoring.wrong, right: [true, false, false] } };
  const found = criticReading([...many(ignoring, 32), ...many(moved, 8)], asked);
  expect(found.reading.points).toBeCloseTo(6.67, 2);
  expect(found.verdict).toBe('undecided');
});

describe('the measure of a run', () => {
  const places = Array.from({ length: 60 }, (_, index) => ({ seed: 4, problemId: `p-${index}` }));

  test('asks one critic per problem: each member in turn, and the same in every iteration', () => {
    const asked = places.map((place) => revisingMembers(3, 1, place));
    expect(asked.every((members) => members.length === 1)).toBe(true);
    expect(new Set(asked.flat())).toEqual(new Set([1, 2, 3]));
    expect(places.map((place) => revisingMembers(3, 1, place))).toEqual(asked);
    expect(places.every((place) => revisingMembers(3, 3, place).join() === '1,2,3')).toBe(true);
  });

  test('leaves "one of each" out, which has no points then; the others are as before', () => {
    const problem: Revisions = cellsOf((own, others) => (others === 'mixed' ? [] : [own === 'right']));
    const found = criticReading(many(problem), { samples: 9, critics: 1 });
    expect(found.rightByOwnAndOthers.right.mixed).toEqual({ points: null, standardError: null, interval: null });
    expect(found).toMatchObject({ problems: 40, reading: { points: 0 }, copying: { points: 0 } });
  });

  test.each([
    { drawn: 9, summary: true, samples: 9, calls: 6 },
    { drawn: 9, summary: false, samples: 9, calls: 4 },
    { drawn: 3, summary: true, samples: 9, calls: 12 },
    { drawn: 65, summary: true, samples: 16, calls: 6 },
  ])('takes at most $calls calls per problem beside $drawn samples (summary: $summary)', (each) => {
    expect(measuredIntervention(each.drawn).samples).toBe(each.samples);
    expect(mostCallsPerProblem(each)).toBe(each.calls);
  });
});

describe('readings of several seeds', () => {
  const half = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? judging : ignoring));

  test('are one over all problems: the mean of their problems, with a narrower interval', () => {
    const seeds = [criticReading(half, asked), criticReading([...many(judging, 3), ...many(ignoring, 77)], asked)];
    const pooled = pooledReading(seeds)!;
    const whole = criticReading([...half, ...many(judging, 3), ...many(ignoring, 77)], asked);
    expect(pooled).toMatchObject({ problemsAsked: 120, problems: 120, critics: 3 });
    expect(pooled.reading.points).toBeCloseTo(whole.reading.points!, 1);
    expect(pooled.reading.interval!.upper - pooled.reading.interval!.lower).toBeLessThan(
      seeds[0]!.reading.interval!.upper - seeds[0]!.reading.interval!.lower,
    );
    expect(pooled.verdict).toBe('reads');
  });

  test('with too few problems for an interval add nothing, and none is no reading', () => {
    const one = criticReading(half, asked);
    const pooled = pooledReading([one, criticReading(many(ignoring, 1), asked)])!;
    expect(pooled.reading.points).toBe(one.reading.points);
    expect(pooled.problems).toBe(41);
    expect(pooledReading([])).toBeUndefined();
  });
});
