/**
 * How a gate spends its error over the looks at one held-out set (docs/decisions, 27). A fixed bar would promote by luck
 * sooner or later, because the same problems are looked at by every run of the line.
 */

/** Probability that a held-out set ever promotes a society that is no better, over all looks at it. */
export const errorOfHeldOutSet = 0.05;

/** The sum of 1 / (n ln² n) over n = 2, 3, … (OEIS A115563). */
const sumOfWeights = 2.109742801236892;

/**
 * Share of the error that look 1, 2, … may spend; over all looks they add up to 1. Falls about as slowly as a series
 * with a finite sum can, so a line that has been looked at for a year can still show a gain.
 */
export function shareOfError(look: number): number {
  if (!Number.isInteger(look) || look < 1) throw new RangeError(`Looks count from 1, not ${look}.`);
  const n = look + 1;
  return 1 / (n * Math.log(n) ** 2 * sumOfWeights);
}

/** Probability that this look may promote a society that is no better. */
export function errorAtLook(look: number): number {
  return errorOfHeldOutSet * shareOfError(look);
}

/** Highest two-sided p-value that promotes at a look: twice its error, because only one of the two sides promotes. */
export function barAtLook(look: number): number {
  return 2 * errorAtLook(look);
}
