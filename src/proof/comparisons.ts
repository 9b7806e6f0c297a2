/** Two ways of answering on the same problems, over several run seeds: within each seed, pooled, and over the seeds. */
import type { AnswerMode } from '../contract/evaluation';
import { comparePaired, tInterval, type MeanInterval, type PairedComparison } from '../domain/statistics';
import { compareMeasurements, type Measurement } from '../report/measurements';
import type { ProofMethod } from './methods';
import { measurementAt, type RunSeries } from './series';

/** One way of answering: which method's run, after how many iterations, how. */
export interface Side {
  method: ProofMethod;
  /** A function where it differs from seed to seed; undefined leaves the seed out. */
  iteration: number | ((seed: number) => number | undefined);
  mode: AnswerMode;
}

export interface SeedDifference extends PairedComparison {
  seed: number;
  /** Accuracies, 0..1. */
  first: number;
  second: number;
  firstIteration: number;
  secondIteration: number;
}

export interface SeedsComparison {
  seeds: SeedDifference[];
  /** Mean accuracies over the seeds, 0..1. */
  first: number;
  second: number;
  /** First minus second, mean over the seeds. */
  difference: number;
  /**
   * Over all problems of these seeds at once: how sure the difference is for these seeds. Problems are resampled across
   * seeds, which makes the interval, if anything, a little wider than within each seed alone.
   */
  withinSeeds: PairedComparison;
  /** Over the seeds' differences: how sure it is for another seed. Its interval is `null` with one seed. */
  overSeeds: MeanInterval;
}

export type SeriesOfSeed = (method: ProofMethod, seed: number) => RunSeries | undefined;

/** Null where no seed has both sides. */
export function compareOverSeeds(
  seeds: readonly number[],
  find: SeriesOfSeed,
  sides: { first: Side; second: Side },
): SeedsComparison | null {
  const compared = seeds.flatMap((seed): SeedDifference[] => {
    const first = measure(find, sides.first, seed);
    const second = measure(find, sides.second, seed);
    const comparison = first && second && compareMeasurements(first, second);
    return first && second && comparison ? [seedDifference(seed, comparison, [first, second])] : [];
  });
  if (compared.length === 0) return null;
  const sum = (part: 'n' | 'onlyFirst' | 'onlySecond') => compared.reduce((total, each) => total + each[part], 0);
  const overSeeds = tInterval(compared.map(({ difference }) => difference));
  return {
    seeds: compared,
    first: mean(compared.map(({ first }) => first)),
    second: mean(compared.map(({ second }) => second)),
    difference: overSeeds.mean,
    withinSeeds: comparePaired({ n: sum('n'), onlyFirst: sum('onlyFirst'), onlySecond: sum('onlySecond') }),
    overSeeds,
  };
}

function seedDifference(
  seed: number,
  comparison: PairedComparison,
  [first, second]: [Measurement, Measurement],
): SeedDifference {
  return {
    ...comparison,
    seed,
    first: first.result.accuracy,
    second: second.result.accuracy,
    firstIteration: first.iteration,
    secondIteration: second.iteration,
  };
}

function measure(find: SeriesOfSeed, { method, iteration, mode }: Side, seed: number): Measurement | undefined {
  const chosen = typeof iteration === 'number' ? iteration : iteration(seed);
  return chosen === undefined ? undefined : measurementAt(find(method, seed), { iteration: chosen, mode });
}

/**
 * Whether the evidence shows a difference above 0: both intervals lie above it. With one seed there is no interval over
 * seeds, and the one over problems has to do; who shows the result says so.
 */
export function isClearlyAbove({ withinSeeds, overSeeds }: SeedsComparison): boolean {
  return withinSeeds.interval.lower > 0 && (overSeeds.interval === null || overSeeds.interval.lower > 0);
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
