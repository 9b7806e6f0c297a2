/** Two ways of answering on the same problems, over several run seeds: within each seed, pooled, and over the seeds. */
import { comparePaired, mean, tInterval, type MeanInterval, type PairedComparison, sumOf } from '../statistics';
import { compareMeasurements, type Measurement } from './measurements';

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
   * seeds, which makes the interval, if anything, a little wider than within each seed alone. A problem that several seeds
   * answer counts as several: the interval is then too narrow, and whatever shows it must say so.
   */
  withinSeeds: PairedComparison;
  /** Over the seeds' differences: how sure it is for another seed. Its interval is `null` with fewer than three seeds. */
  overSeeds: MeanInterval;
}

/** Both sides of one seed. */
export interface SeedPair {
  seed: number;
  first: Measurement;
  second: Measurement;
}

/** Null if no seed has a problem that both sides answered. */
export function compareSeeds(pairs: readonly SeedPair[]): SeedsComparison | null {
  const compared = pairs.flatMap(({ seed, first, second }): SeedDifference[] => {
    const comparison = compareMeasurements(first, second);
    return comparison === null ? [] : [seedDifference(seed, comparison, [first, second])];
  });
  if (compared.length === 0) return null;
  const sum = (part: 'n' | 'onlyFirst' | 'onlySecond') => sumOf(compared, (each) => each[part]);
  const overSeeds = tInterval(
    compared.map(({ difference }) => difference),
    { within: { lower: -1, upper: 1 }, step: 1 / Math.min(...compared.map(({ n }) => n)) },
  );
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

/** Mean accuracy over the seeds, 0..1, and how sure it is for another seed. */
export function accuracyOverSeeds(seeds: readonly { accuracy: number; problems: number }[]): MeanInterval {
  return tInterval(
    seeds.map(({ accuracy }) => accuracy),
    { within: { lower: 0, upper: 1 }, step: 1 / Math.max(1, Math.min(...seeds.map(({ problems }) => problems))) },
  );
}
