/** The calls by which critics were asked again: measures count them, stages do not. */
import type { CallCounts } from '../contract/run';
import { spentOn } from '../domain/counts';
import type { IterationArtifacts } from './report-input';

/** By iteration, where any were made: all of them, lost ones included, and those that another run had made. */
export function probingCosts(
  iterations: readonly Pick<IterationArtifacts, 'iteration' | 'measures'>[],
): { iteration: number; counts: CallCounts; reused: CallCounts }[] {
  return iterations.flatMap(({ iteration, measures }) => {
    const cost = measures?.cost.criticReading;
    if (cost === undefined) return [];
    const counts = spentOn(cost);
    return counts.calls === 0 ? [] : [{ iteration, counts, reused: cost.reused }];
  });
}
