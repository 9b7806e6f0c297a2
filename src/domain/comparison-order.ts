/** The order of a comparison's runs: groups may run side by side, the runs of one group never do. */
import type { ComparedRun, ComparisonGroup, ComparisonPlan, ComparisonRecord } from '../contract/comparison';

/**
 * The plan that the workflow follows. If any run needs another column's (`after`), all runs of a seed form one
 * sequence, dependent runs last: only then have the runs they need certainly finished.
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
