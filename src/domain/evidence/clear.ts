/** When a difference is clear (docs/decisions, 11): the one rule of reports, comparisons and claims. */
import { fewestForInterval, type Interval, type PairedComparison } from '../statistics';
import type { SeedsComparison } from './seeds-comparison';

const significance = 0.05;

/**
 * Whether the problems show a difference: the 95 % interval excludes 0 and the exact test agrees. Both are asked because a
 * percentile bootstrap over a handful of discordant problems is too narrow.
 *
 * @param bar What the p-value must stay below, if that is less than usual: the same problems are looked at again and again.
 */
export function isClear({ interval, pValue }: PairedComparison, bar = significance): boolean {
  return signOf(interval) !== 0 && pValue < Math.min(bar, significance);
}

/**
 * What several seeds show: `any-seed`, a clear difference that another seed would show too; `these-seeds`, one that is clear
 * on the problems of these seeds, pooled; or `nothing`.
 */
export type Clarity = 'any-seed' | 'these-seeds' | 'nothing';

/** Two ways of answering, in one run or over several seeds. */
export type Compared = PairedComparison | SeedsComparison;

/** A single run has no seeds to compare: what is clear on its problems counts as clear. */
export function clarityOf(compared: Compared): Clarity {
  if (!('withinSeeds' in compared)) return isClear(compared) ? 'any-seed' : 'nothing';
  const { withinSeeds, overSeeds } = compared;
  if (!isClear(withinSeeds)) return 'nothing';
  const { interval } = overSeeds;
  return interval !== null && signOf(interval) === signOf(withinSeeds.interval) ? 'any-seed' : 'these-seeds';
}

/** Whether there are too few seeds to say anything about another one, which leaves the pooled problems to decide. */
export function hasTooFewSeeds({ seeds }: Pick<SeedsComparison, 'seeds'>): boolean {
  return seeds.length < fewestForInterval;
}

/** What keeps a difference from being shown: an interval that holds 0, or the exact test over the problems. */
export type Doubt = 'problems' | 'seeds' | 'problems-and-seeds' | 'exact-test';

/** Null if the runs show a difference; with too few seeds, it need only be clear for these. */
export function doubtOf(comparison: SeedsComparison): Doubt | null {
  const clarity = clarityOf(comparison);
  if (clarity === 'any-seed' || (clarity === 'these-seeds' && hasTooFewSeeds(comparison))) return null;
  const { withinSeeds, overSeeds } = comparison;
  const side = signOf(withinSeeds.interval);
  const doSeedsAgree =
    overSeeds.interval === null || (signOf(overSeeds.interval) !== 0 && side * signOf(overSeeds.interval) >= 0);
  if (side === 0) return doSeedsAgree ? 'problems' : 'problems-and-seeds';
  return doSeedsAgree ? 'exact-test' : 'seeds';
}

/** On which side of 0 an interval lies; 0 if it holds 0. */
function signOf({ lower, upper }: Interval): -1 | 0 | 1 {
  if (lower > 0) return 1;
  return upper < 0 ? -1 : 0;
}
