/** When a difference is clear (docs/decisions, 11): the one rule of report, comparison and proof. */
import { fewestForInterval, type Interval, type PairedComparison } from '../statistics';
import type { SeedsComparison } from './seeds-comparison';

const significance = 0.05;

/**
 * Whether the problems show a difference: the 95 % interval excludes 0 and the exact test agrees. Both are asked because a
 * percentile bootstrap over a handful of discordant problems is too narrow.
 */
export function isClear({ interval, pValue }: PairedComparison): boolean {
  return signOf(interval) !== 0 && pValue < significance;
}

/**
 * What several seeds show: `any-seed`, a clear difference that another seed would show too; `these-seeds`, one that is clear
 * on the problems of these seeds, pooled; or `nothing`.
 */
export type Clarity = 'any-seed' | 'these-seeds' | 'nothing';

export function clarityOf({ withinSeeds, overSeeds }: SeedsComparison): Clarity {
  if (!isClear(withinSeeds)) return 'nothing';
  const { interval } = overSeeds;
  return interval !== null && signOf(interval) === signOf(withinSeeds.interval) ? 'any-seed' : 'these-seeds';
}

/** Whether there are too few seeds to say anything of another one, so that the pooled problems have to do. */
export function hasTooFewSeeds({ seeds }: Pick<SeedsComparison, 'seeds'>): boolean {
  return seeds.length < fewestForInterval;
}

/** On which side of 0 an interval lies; 0 where it holds 0. */
function signOf({ lower, upper }: Interval): -1 | 0 | 1 {
  if (lower > 0) return 1;
  return upper < 0 ? -1 : 0;
}
