/** What the store knows of a run: how far it has come, and which specification it was started with. */
import { readSealed } from '../artifacts/sealed';
import type { Evaluation } from '../contract/evaluation';
import type { RunRecord } from '../contract/run';
import type { WeightsRecord } from '../contract/training-job';
import { iterationKeys, runKeys } from '../domain/keys';
import { roleSettings } from '../domain/role-settings';
import { lastEpochLoss, meanLoss, reasonToStop } from '../domain/stopping';
import type { ArtifactStore } from '../ports';

export type RunStanding = 'new' | 'unfinished' | 'finished';

/** What the store knows of a run, and whether it was started with this specification. */
export async function standingOf(
  store: ArtifactStore,
  runId: string,
): Promise<{ standing: RunStanding; digest?: string }> {
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) return { standing: 'new' };
  const finished = (await isEvaluated(store, record, record.plan.iterations)) || (await hasStoppedEarly(store, record));
  return { standing: finished ? 'finished' : 'unfinished', digest: record.specificationDigest };
}

/** Mean training loss of each iteration, as the workflow sums it up while it runs. */
export function lossesOf({ specification }: RunRecord, weights: WeightsRecord[][]): (number | null)[] {
  const lossOf = ({ agent, training }: WeightsRecord) =>
    training && lastEpochLoss(training, roleSettings(specification.finetuning, agent).epochs);
  return weights.map((records) => meanLoss(records.map(lossOf)));
}

async function isEvaluated(store: ArtifactStore, { runId }: RunRecord, iteration: number): Promise<boolean> {
  return (await readSealed<Evaluation>(store, iterationKeys.evaluation({ runId, iteration }))) !== undefined;
}

/** Whether what `stopWhen` watches had stopped improving at the last iteration that was evaluated. */
async function hasStoppedEarly(store: ArtifactStore, record: RunRecord): Promise<boolean> {
  const { runId, plan } = record;
  if (plan.stopWhen === undefined || plan.stopWhen.signal === 'never') return false;
  const weights: WeightsRecord[][] = [];
  for (let iteration = 1; await isEvaluated(store, record, iteration); iteration += 1) {
    const records = plan.trainedAgents.map((agent) =>
      readSealed<WeightsRecord>(store, iterationKeys.weights({ runId, iteration }, agent)),
    );
    weights.push((await Promise.all(records)).filter((found) => found !== undefined));
  }
  return reasonToStop(plan.stopWhen, lossesOf(record, weights)) !== undefined;
}
