/** Two ways of answering, each some run of a proof at some iteration, over the proof's seeds. */
import type { AnswerMode } from '../contract/evaluation';
import type { Measurement } from '../domain/evidence/measurements';
import { compareSeeds, type SeedsComparison } from '../domain/evidence/seeds-comparison';
import type { ProofMethod } from './methods';
import { standingMeasurementAt, type RunSeries } from './series';

/** One way of answering: which method's run, after how many iterations, how. */
export interface Side {
  method: ProofMethod;
  /** A function where it differs from seed to seed; undefined leaves the seed out. */
  iteration: number | ((seed: number) => number | undefined);
  mode: AnswerMode;
}

export type SeriesOfSeed = (method: ProofMethod, seed: number) => RunSeries | undefined;

/** Null where no seed has both sides. */
export function compareOverSeeds(
  seeds: readonly number[],
  find: SeriesOfSeed,
  sides: { first: Side; second: Side },
): SeedsComparison | null {
  const pairs = seeds.flatMap((seed) => {
    const first = measure(find, sides.first, seed);
    const second = measure(find, sides.second, seed);
    return first && second ? [{ seed, first, second }] : [];
  });
  return compareSeeds(pairs);
}

function measure(find: SeriesOfSeed, { method, iteration, mode }: Side, seed: number): Measurement | undefined {
  const chosen = typeof iteration === 'number' ? iteration : iteration(seed);
  return chosen === undefined ? undefined : standingMeasurementAt(find(method, seed), { iteration: chosen, mode });
}
