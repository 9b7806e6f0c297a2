import {
  powerAtLook,
  promotionsWithoutProgress,
  spendingRules,
  type SpendingRule,
} from '../../experiments/nights-without-progress/simulation';

const circumstances = { problems: 100, accuracy: 0.6, drift: 0.1 };
const [everyNight, , own] = spendingRules as [SpendingRule, SpendingRule, SpendingRule];

/** Of 40 lines of 120 nights, how many promote anything. */
const promotedByLuck = (rule: SpendingRule) =>
  Array.from({ length: 40 }, (_, seed) => promotionsWithoutProgress(rule, circumstances, { nights: 120, seed })).filter(
    (count) => count > 0,
  ).length;

test('nights without progress: one bar for every night promotes by luck on most lines, the spending rule on few', () => {
  expect(promotedByLuck(everyNight)).toBeGreaterThan(20);
  expect(promotedByLuck(own)).toBeLessThanOrEqual(4);
});

test('a large gain is seen also at a late look, and the same seed gives the same numbers', () => {
  const asked = { look: 100, gain: 0.3, trials: 50, seed: 3 };
  const power = powerAtLook(own, { ...circumstances, problems: 300 }, asked);
  expect(power).toBeGreaterThan(0.5);
  expect(powerAtLook(own, { ...circumstances, problems: 300 }, asked)).toBe(power);
});
