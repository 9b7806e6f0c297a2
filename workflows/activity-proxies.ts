/**
 * Every task queue, timeout, heartbeat, cancellation and retry policy of the product, in one place.
 * Each value that is not Temporal's default has its reason on the line above.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import { taskQueues } from '../src/contract/names';
import { modelRetries } from '../src/contract/retries';
import { summarised } from './activity-summaries';

/** Data, grading, selection, reports: short, safe to repeat, no model. */
export const light = summarised(
  proxyActivities<
    Pick<
      Activities,
      | 'findDeadline'
      | 'resolveRun'
      | 'resolveEvaluation'
      | 'openShard'
      | 'findClosedShards'
      | 'closeShard'
      | 'selectTrainingData'
      | 'recordSociety'
      | 'scoreEvaluation'
      | 'auditTraining'
      | 'checkForCollapse'
      | 'recordMeasures'
      | 'recordFewerProblems'
      | 'recordLanding'
      | 'judgePromotion'
      | 'recordPromotion'
      | 'readSpending'
      | 'recordLimits'
      | 'writeReport'
      | 'resolveComparison'
      | 'openComparedRun'
      | 'writeComparison'
    >
  >({
    taskQueue: taskQueues.light,
    // Grading one shard of hard LaTeX answers may cost a time limit per pair.
    startToCloseTimeout: '30 minutes',
    // Notices a killed worker long before the timeout above.
    heartbeatTimeout: '30 seconds',
    // Eager dispatch bypasses the queue's concurrency limit.
    allowEagerDispatch: false,
    // About ten minutes of a full disk or a lost mount; then the run pauses itself until people have fixed it.
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 15 },
  }),
  {
    findDeadline: 'find the deadline',
    resolveRun: 'check the specification, draw the problems',
    resolveEvaluation: 'check the specification, draw the problems',
    openShard: 'open',
    findClosedShards: 'look for closed shards',
    closeShard: 'vote, write the transcripts',
    selectTrainingData: 'select training data',
    recordSociety: 'record the society',
    scoreEvaluation: 'score the answers',
    auditTraining: 'compare the consensus with the references',
    checkForCollapse: 'look for signs of collapse',
    recordMeasures: 'measure diversity and drift',
    recordFewerProblems: 'record which problems were debated',
    recordLanding: 'record that the run ends early',
    judgePromotion: 'compare with the current society',
    recordPromotion: 'record what was decided',
    readSpending: 'add up what is spent',
    recordLimits: 'record the new limits',
    writeReport: 'write the report',
    resolveComparison: 'check the comparison and all its runs',
    openComparedRun: 'look for results',
    writeComparison: 'write the table',
  },
);

/** Everything that calls models: one debate turn, the extra samples of one vote, one problem's hints, one shard's scores. */
export const models = proxyActivities<Pick<Activities, 'takeTurn' | 'drawVoteSamples' | 'askWithHints' | 'scoreShard'>>(
  {
    taskQueue: taskQueues.llm,
    // A turn is two calls; a long chain of reasoning on a busy endpoint may take minutes each. No schedule-to-close:
    // time spent waiting for a slot must not eat a turn's time.
    startToCloseTimeout: '30 minutes',
    // Notices a killed worker; the activity beats every few seconds while a model writes.
    heartbeatTimeout: '30 seconds',
    // A turn holds no state worth waiting for: its completions are stored, the rest is cheap to ask again.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    allowEagerDispatch: false,
    // About ten minutes of a broken endpoint (then the run pauses itself). Failures that retrying cannot fix, and answers that
    // are nonsense five times in a row, end earlier: activities/failures.ts marks them non-retryable.
    retry: modelRetries,
  },
);

/** Finetuning one agent. */
export const training = proxyActivities<Pick<Activities, 'finetuneAgent'>>({
  taskQueue: taskQueues.gpu,
  // Full finetuning of an 8B base on thousands of examples; the heartbeat notices anything that hangs earlier.
  startToCloseTimeout: '24 hours',
  // The supervisor beats as long as the trainer lives; a killed worker is noticed and the job resumes from a checkpoint.
  heartbeatTimeout: '30 seconds',
  // The trainer checkpoints and exits first: a cancelled run leaves no process behind.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
  // A retry continues from the newest checkpoint, so retries are cheap; a bad job is marked non-retryable.
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 20 },
});
