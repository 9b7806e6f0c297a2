/** One finetuning activity per trained agent, on the GPU queue, in any order; the result is the next society. */
import { ActivityFailure, CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { Allowance } from '../src/contract/limits';
import type { FinetuneInput, FinetuneOutcome, RunPlan } from '../src/contract/run';
import { noCounts } from '../src/domain/counts';
import { finetuneWorkflowId } from '../src/domain/identifiers';
import { nothing } from '../src/domain/spending';
import { shortestTraining } from '../src/domain/worst-case';
import { light, training } from './activity-proxies';
import { outlastingOutages } from './outages';
import { answerProgress } from './part-progress';
import { createPauseGate, type PauseGate } from './pause-gate';
import { createPartPurse, type Purse } from './purse';

export interface FinetuneSocietyInput {
  plan: RunPlan;
  iteration: number;
  paused?: boolean;
  /** What it may spend; absent without a limit of GPU hours. */
  allowance?: Allowance;
}

export async function finetuneSociety(input: FinetuneSocietyInput): Promise<FinetuneOutcome[]> {
  const { plan, iteration } = input;
  const gate = createPauseGate({ paused: input.paused });
  const purse = createPartPurse(plan.limits, input.allowance, 1);
  let done = 0;
  answerProgress(gate, () => ({
    problems: { done, total: plan.trainedAgents.length, failed: 0 },
    counts: noCounts,
  }));

  const outcomes = await allOrNone(
    plan.trainedAgents.map((agent) => async () => {
      const request = { runId: plan.runId, recordDigest: plan.recordDigest, iteration, agent };
      const summary = `${agent}, iteration ${iteration}`;
      const train = (allowance: Pick<FinetuneInput, 'allowedSeconds'>) =>
        outlastingOutages(gate, () =>
          stoppedByPause(gate, () =>
            training.finetuneAgent.executeWithOptions({ summary }, [{ ...request, ...allowance }]),
          ),
        );
      const outcome = await (purse === undefined ? train({}) : paidTraining(purse, { plan, iteration, agent }, train));
      done += 1;
      return outcome;
    }),
  );
  await outlastingOutages(gate, () => light.recordSociety({ plan, iteration }));
  return outcomes;
}

/** A training may take an equal share of what is left, again and again: it stops at a checkpoint when that is used up. */
function paidTraining(
  purse: Purse,
  { plan, iteration, agent }: { plan: RunPlan; iteration: number; agent: string },
  train: (allowance: Pick<FinetuneInput, 'allowedSeconds'>) => Promise<FinetuneOutcome>,
): Promise<FinetuneOutcome> {
  const bill = `${finetuneWorkflowId(plan.runId, iteration)}/${agent}`;
  const { spent } = purse.account.open(bill);
  const limit = purse.account.caps.gpuSeconds ?? 0;
  const share = Math.floor(limit / plan.trainedAgents.length);
  const gpuSeconds = spent.gpuSeconds + Math.max(shortestTraining.gpuSeconds, share);
  return purse.paying(bill, { ...nothing, gpuSeconds }, (allowed) => train({ allowedSeconds: gpuSeconds * allowed }));
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
