/** One finetuning activity per trained agent, on the GPU queue, in any order; the result is the next society. */
import { setHandler } from '@temporalio/workflow';
import type { FinetuneOutcome, RunPlan } from '../src/contract/run';
import { noCounts } from '../src/domain/counts';
import { light, training } from './activity-proxies';
import { progressQuery } from './messages';
import { createPauseGate } from './pause-gate';

export interface FinetuneSocietyInput {
  plan: RunPlan;
  iteration: number;
  paused?: boolean;
}

export async function finetuneSociety(input: FinetuneSocietyInput): Promise<FinetuneOutcome[]> {
  const { plan, iteration } = input;
  const gate = createPauseGate(input.paused ?? false);
  let done = 0;
  setHandler(progressQuery, () => ({
    problems: { done, total: plan.trainedAgents.length, failed: 0 },
    counts: noCounts,
    paused: gate.paused,
    openChildren: [],
  }));

  const outcomes = await Promise.all(
    plan.trainedAgents.map(async (agent) => {
      await gate.whenOpen();
      const request = { runId: plan.runId, iteration, agent };
      const summary = `${agent}, iteration ${iteration}`;
      const outcome = await training.finetuneAgent.executeWithOptions({ summary }, [request]);
      done += 1;
      return outcome;
    }),
  );
  await light.recordSociety({ plan, iteration });
  return outcomes;
}
