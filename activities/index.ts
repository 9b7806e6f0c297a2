/** All activities of the product, made from the ports they need. */
import { createComparisonActivities } from './comparisons';
import type { ActivityDependencies } from './dependencies';
import { newCallMemory } from './completions';
import { createDebateActivities } from './debate';
import { createEvaluationActivities } from './evaluation';
import { classified } from './failures';
import { createFinetuningActivities } from './finetuning';
import { createGuardActivities } from './guard';
import { createHintActivities } from './hints';
import { createLandingActivities } from './landings';
import { createLimitActivities } from './limits';
import { createMeasuresActivities } from './measures';
import { createPromotionActivities } from './promotion';
import { References } from './references';
import { createReportingActivities } from './reporting';
import { LoadedRuns } from './loaded-runs';
import { createRunActivities } from './runs';
import { createShardActivities } from './shards';
import { createTrainingDataActivities } from './training-data';

export type { ActivityDependencies } from './dependencies';

export type Activities = ReturnType<typeof createActivities>;

export function createActivities(dependencies: ActivityDependencies) {
  const loadedRuns = new LoadedRuns(dependencies);
  const references = new References(dependencies, loadedRuns);
  const memory = newCallMemory();
  const activities = {
    ...createRunActivities(dependencies),
    ...createDebateActivities(dependencies, loadedRuns, memory),
    ...createShardActivities(dependencies, loadedRuns),
    ...createTrainingDataActivities(dependencies, loadedRuns, references),
    ...createHintActivities(dependencies, loadedRuns, { references, memory }),
    ...createFinetuningActivities(dependencies, loadedRuns),
    ...createEvaluationActivities(dependencies, loadedRuns, references),
    ...createGuardActivities(dependencies, loadedRuns),
    ...createMeasuresActivities(dependencies, loadedRuns, references, memory),
    ...createLandingActivities(dependencies),
    ...createPromotionActivities(dependencies),
    ...createLimitActivities(dependencies, loadedRuns),
    ...createReportingActivities(dependencies),
    ...createComparisonActivities(dependencies),
  };
  return classified(activities, dependencies.store);
}

/** Which activities each queue serves; a worker for one queue registers all and polls one. */
export const activityQueues = {
  light: [
    'findDeadline',
    'resolveRun',
    'resolveEvaluation',
    'openShard',
    'findClosedShards',
    'closeShard',
    'selectTrainingData',
    'recordSociety',
    'scoreEvaluation',
    'auditTraining',
    'checkForCollapse',
    'recordMeasures',
    'recordFewerProblems',
    'recordLanding',
    'judgePromotion',
    'recordPromotion',
    'readSpending',
    'recordLimits',
    'writeReport',
    'resolveComparison',
    'openComparedRun',
    'writeComparison',
  ],
  llm: ['takeTurn', 'drawVoteSamples', 'askWithHints', 'scoreShard'],
  gpu: ['finetuneAgent'],
} as const satisfies Record<string, readonly (keyof Activities)[]>;
