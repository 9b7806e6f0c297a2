/** One finetuning activity per trained agent, on the GPU queue, in any order; the result is the next society. */
import { ActivityFailure, CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { FinetuneOutcome, RunPlan } from '../src/contract/run';
import { noCounts } from '../src/domain/counts';
import { light, training } from './activity-proxies';
import { outlastingOutages } from './outages';
import { answerProgress } from './part-progress';
import { createPauseGate, type PauseGate } from './pause-gate';

export interface FinetuneSocietyInput {
  plan: RunPlan;
  iteration: number;
  paused?: boolean;
}

export async function finetuneSociety(input: FinetuneSocietyInput): Promise<FinetuneOutcome[]> {
  const { plan, iteration } = input;
  const gate = createPauseGate({ paused: input.paused });
  let done = 0;
  answerProgress(gate, () => ({
    problems: { done, total: plan.trainedAgents.length, failed: 0 },
    counts: noCounts,
  }));

  const outcomes = await allOrNone(
    plan.trainedAgents.map((agent) => async () => {
      const request = { runId: plan.runId, recordDigest: plan.recordDigest, iteration, agent };
      const summary = `${agent}, iteration ${iteration}`;
      const train = () => training.finetuneAgent.executeWithOptions({ summary }, [request]);
      const outcome = await outlastingOutages(gate, () => stoppedByPause(gate, train));
      done += 1;
      return outcome;
    }),
  );
  await outlastingOutages(gate, () => light.recordSociety({ plan, iteration }));
  return outcomes;
}

/**
 * Starts all trainings at once. If one fails, or the run is cancelled, the others stop at a checkpoint. Returns only when the
 * last one has ended, so nothing trains after the finetuning ends.
 */
async function allOrNone<Result>(trainings: (() => Promise<Result>)[]): Promise<Result[]> {
  const scope = new CancellationScope();
  const started = trainings.map((train) => scope.run(train));
  try {
    return await Promise.all(started);
  } catch (error) {
    scope.cancel();
    await Promise.allSettled(started);
    throw error;
  }
}

/** A pause stops a training in flight at a checkpoint; after `resume` it goes on from there. */
async function stoppedByPause(gate: PauseGate, train: () => Promise<FinetuneOutcome>): Promise<FinetuneOutcome> {
  for (;;) {
    await gate.whenOpen();
    const scope = new CancellationScope();
    const training = scope.run(train);
    void gate.whenPaused().then(
      () => scope.cancel(),
      // The workflow itself was cancelled, and the scope with it.
      () => undefined,
    );
    try {
      return await training;
    } catch (error) {
      // What stopped it matters, not whether the run is paused now: it may be resumed while a checkpoint is being written.
      const onlyPaused = scope.consideredCancelled && !CancellationScope.current().consideredCancelled;
      if (!wasStopped(error)) throw error;
      if (!onlyPaused) throw isCancellation(error) ? error : new CancelledFailure('the training was to stop');
    }
  }
}

/**
 * A training that was asked to stop may end for another reason first: its worker shuts down or is killed, its trainer runs
 * out of memory. Temporal does not retry it then; the next training still continues from its checkpoint.
 */
function wasStopped(error: unknown): boolean {
  return isCancellation(error) || (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED');
}
