import fc from 'fast-check';
import type { Stage, StageTiming } from '../../src/contract/run';
import { fitsDebate, paceOfRun, secondsAfterDebate, secondsToEvaluate } from '../../src/domain/pace';
import { plainPlan } from '../support/plain-activities';

const timing = (stage: Stage, iteration: number, seconds: number): StageTiming => ({
  ...{ stage, iteration, seconds },
  counts: { calls: 0, promptTokens: 0, completionTokens: 0 },
});
const plan = plainPlan({ trainProblems: 100, evaluationProblems: 50, shardSize: 10, shardsInFlight: 2 });
const evaluated = timing('evaluate', 0, 100);

test('the newest stage of a kind counts, per problem', () =>
  expect(
    paceOfRun(plan, [evaluated, timing('debate', 1, 300), timing('debate', 2, 200), timing('finetune', 1, 50)]),
  ).toEqual({
    ...{ evaluate: 2, debate: 2, finetune: 0.5 },
  }));

test('before the first debate, an evaluation of as many turns says how long one takes', () => {
  expect(paceOfRun(plan, [evaluated]).debate).toBe(2);
  expect(paceOfRun({ ...plan, evaluationRounds: 1 }, [evaluated]).debate).toBe(4);
});

test('a run believes itself before earlier runs, and the slower of both once it was resumed', () => {
  const pace = { debate: 5, finetune: 3 };
  const timings = [evaluated, timing('debate', 1, 200)];
  expect(paceOfRun({ ...plan, pace }, timings)).toMatchObject({ debate: 2, finetune: 3 });
  expect(paceOfRun({ ...plan, pace, resumed: true }, timings)).toMatchObject({ debate: 5, finetune: 3 });
});

test('of evaluations the slower one counts: an earlier run has evaluated what it trained', () => {
  expect(paceOfRun({ ...plan, pace: { evaluate: 3 } }, [evaluated]).evaluate).toBe(3);
  expect(paceOfRun({ ...plan, pace: { evaluate: 1 } }, [evaluated]).evaluate).toBe(2);
});

test('what nobody has measured is unknown, not nothing', () => {
  expect(secondsToEvaluate(plan, [])).toBeUndefined();
  expect(secondsAfterDebate(plan, [evaluated], 100).training).toBeUndefined();
});

test('a fifth more than measured is kept for what follows, two reports included', () => {
  const timings = [evaluated, timing('report', 0, 5), timing('finetune', 1, 50)];
  expect(secondsToEvaluate(plan, timings)).toBeCloseTo(1.2 * 110);
  expect(secondsAfterDebate(plan, timings, 40).training).toBeCloseTo(1.2 * 35);
});

const asked = { plan: { ...plan, pace: { finetune: 1 } }, timings: [evaluated], elapsed: 0, closed: 0 };

test('a shard is opened if all that is open can still be trained on and evaluated', () => {
  // 10 problems: 24 s of debate, 66 of training (of which half is that of all 100), 120 of evaluation.
  expect(fitsDebate({ ...asked, opened: 10, left: 210.001 })).toBe(true);
  expect(fitsDebate({ ...asked, opened: 10, left: 209 })).toBe(false);
});

test('while no training has been measured, a debate may take half of what evaluation leaves', () => {
  const unknown = { ...asked, plan };
  expect(fitsDebate({ ...unknown, opened: 10, left: 168 })).toBe(true);
  expect(fitsDebate({ ...unknown, opened: 10, left: 167 })).toBe(false);
  expect(fitsDebate({ ...unknown, opened: 0, left: 119 })).toBe(false);
});

test('a debate is judged by itself once a whole window of shards has closed', () => {
  const left = 1000;
  expect(fitsDebate({ ...asked, elapsed: 900, closed: 10, opened: 30, left })).toBe(true);
  expect(fitsDebate({ ...asked, elapsed: 900, closed: 20, opened: 40, left })).toBe(false);
});

test('less time never lets more be opened, and more that is open never fits where less does not', () =>
  fc.assert(
    fc.property(
      fc.record({
        elapsed: fc.integer({ min: 0, max: 5000 }),
        left: fc.integer({ min: 0, max: 5000 }),
        opened: fc.integer({ min: 1, max: 100 }),
        closed: fc.integer({ min: 0, max: 100 }),
        finetune: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
      }),
      ({ finetune, ...debate }) => {
        const pace = finetune === undefined ? {} : { finetune };
        const given = {
          ...debate,
          closed: Math.min(debate.closed, debate.opened),
          plan: { ...plan, pace },
          timings: [evaluated],
        };
        if (fitsDebate(given)) return;
        expect(fitsDebate({ ...given, left: given.left / 2 })).toBe(false);
        expect(fitsDebate({ ...given, opened: given.opened + 10 })).toBe(false);
      },
    ),
  ));
