/** In which order the runs of a comparison are made: groups may run side by side, the runs of one group never do. */
import type { ComparedRun, ComparisonGroup, ComparisonPlan, ComparisonRecord } from '../contract/comparison';

/**
 * The plan that the workflow follows. Where a run needs another column's (`after`), all runs of a seed follow each other,
 * those that need another last: only then is that one certainly finished.
 */
export function comparisonPlan({
  comparisonId,
  runsInFlight,
  groups,
}: Pick<ComparisonRecord, 'comparisonId' | 'runsInFlight' | 'groups'>): ComparisonPlan {
  const isInOrder = groups.some(({ runs }) => runs.some(({ after }) => after !== undefined));
  const planned = isInOrder ? wholeSeeds(groups) : groups;
  return {
    comparisonId,
    runsInFlight,
    groups: planned.map(({ task, seed, runs }) => ({ task, seed, runs: runs.map(({ runId }) => runId) })),
  };
}

interface Planned {
  task: string;
  seed: number;
  runs: ComparedRun[];
}

function wholeSeeds(groups: readonly ComparisonGroup[]): Planned[] {
  const seeds = [...new Set(groups.map(({ seed }) => seed))];
  return seeds.map((seed) => {
    const ofSeed = groups.filter((group) => group.seed === seed);
    const runs = ofSeed.flatMap((group) => group.runs);
    return {
      task: ofSeed.map(({ task }) => task).join(', '),
      seed,
      runs: [...runs.filter(({ after }) => after === undefined), ...runs.filter(({ after }) => after !== undefined)],
    };
  });
}
