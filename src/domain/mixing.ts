/**
 * How a critic's corrected and consistent problems become one training set: D^C = w·D^C- + (1-w)·D^C+ (method.md,
 * Training sets, the paper's eq. 1). The share w is an exact decimal: 0.29 of 100 is 29, whatever binary fractions make
 * of it.
 */
import type { ExampleSet } from '../contract/training';
import { orderByDraw } from './draws';

export type Mixing = 'sample-each' | 'exact-share' | 'weighted-loss';
export type CriticSet = Extract<ExampleSet, 'corrected' | 'consistent'>;

/** A share as an exact fraction. */
export interface ExactShare {
  numerator: bigint;
  denominator: bigint;
}

/** The fraction that a decimal number stands for as it is written: 0.3 is 3/10, 1e-7 is 1/10000000. */
export function exactShare(share: number): ExactShare {
  const [digits = '0', exponent = '0'] = String(share).split('e');
  const [whole = '0', fraction = ''] = digits.split('.');
  const power = fraction.length - Number(exponent);
  return { numerator: BigInt(whole + fraction), denominator: 10n ** BigInt(power) };
}

/** 1 - w. */
function remainder({ numerator, denominator }: ExactShare): ExactShare {
  return { numerator: denominator - numerator, denominator };
}

/** round(share · count), halves rounded up. */
export function roundedPart({ numerator, denominator }: ExactShare, count: number): number {
  return Number((2n * numerator * BigInt(count) + denominator) / (2n * denominator));
}

/** Whether votes / members is more than the share, without rounding. */
export function exceedsShare(votes: number, members: number, share: number): boolean {
  const { numerator, denominator } = exactShare(share);
  return BigInt(votes) * denominator > numerator * BigInt(members);
}

/** How many problems of each side are used. */
export interface MixedCounts {
  corrected: number;
  consistent: number;
}

/** How many problems of each side a mixing takes; never more than are available. */
export function mixedCounts(available: MixedCounts, correctedShare: number, mixing: Mixing): MixedCounts {
  const share = exactShare(correctedShare);
  if (mixing === 'weighted-loss') return weightedCounts(available, correctedShare);
  if (mixing === 'exact-share') return exactCounts(available, share);
  return {
    corrected: roundedPart(share, available.corrected),
    consistent: roundedPart(remainder(share), available.consistent),
  };
}

/** T = floor(min(|D-| / w, |D+| / (1-w))), round(wT) of it corrected. */
function exactCounts(available: MixedCounts, share: ExactShare): MixedCounts {
  const rest = remainder(share);
  if (share.numerator === 0n) return { corrected: 0, consistent: available.consistent };
  if (rest.numerator === 0n) return { corrected: available.corrected, consistent: 0 };
  if (available.corrected === 0 || available.consistent === 0) return available;
  const largestTotal = (count: number, part: ExactShare) => Number((BigInt(count) * part.denominator) / part.numerator);
  const total = Math.min(largestTotal(available.corrected, share), largestTotal(available.consistent, rest));
  const corrected = roundedPart(share, total);
  return { corrected, consistent: total - corrected };
}

/**
 * Every example is kept, unless all of them would have weight zero (w = 0 with corrected problems only, or the
 * reverse): a training set whose weights sum to zero has no loss.
 */
function weightedCounts(available: MixedCounts, correctedShare: number): MixedCounts {
  const weighsNothing =
    (correctedShare === 0 && available.consistent === 0) || (correctedShare === 1 && available.corrected === 0);
  return weighsNothing ? { corrected: 0, consistent: 0 } : available;
}

/** The seeded sample of one side: `count` of the problems, by the draws of their names. */
export function sampleProblems(
  problemIds: readonly string[],
  count: number,
  draw: { seed: number; iteration: number; agent: string; set: CriticSet },
): Set<string> {
  const { seed, iteration, agent, set } = draw;
  const drawn = orderByDraw(problemIds, (problemId) => `mixing/${seed}/${iteration}/${agent}/${set}/${problemId}`);
  return new Set(drawn.slice(0, count));
}

/**
 * Loss weights that give the corrected examples the share w of the whole, averaging 1. With one side empty the other
 * weighs 1, as there is nothing to balance.
 */
export function lossWeights(examples: MixedCounts, correctedShare: number): Record<CriticSet, number> {
  const total = examples.corrected + examples.consistent;
  if (examples.corrected === 0 || examples.consistent === 0) return { corrected: 1, consistent: 1 };
  const { numerator, denominator } = remainder(exactShare(correctedShare));
  return {
    corrected: (correctedShare * total) / examples.corrected,
    consistent: (Number(numerator) * total) / (Number(denominator) * examples.consistent),
  };
}
