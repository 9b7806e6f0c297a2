/** The calls by which critics were asked again: measures count them, stages do not. */
import type { ProbingCost } from '../contract/critic-reading';
import type { IterationArtifacts } from './report-input';

/** By iteration, where any were made. */
export function probingCosts(
  iterations: readonly Pick<IterationArtifacts, 'iteration' | 'measures'>[],
): { iteration: number; cost: ProbingCost }[] {
  return iterations.flatMap(({ iteration, measures }) => {
    const cost = measures?.cost.criticReading;
    return cost === undefined || cost.counts.calls === 0 ? [] : [{ iteration, cost }];
  });
}
