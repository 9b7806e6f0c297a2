/** What the store knows of a run: how far it has come, and which specification it was started with. */
import { readSealed } from '../artifacts/sealed';
import type { Evaluation } from '../contract/evaluation';
import type { RunRecord } from '../contract/run';
import { iterationKeys, runKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';

export type RunStanding = 'new' | 'unfinished' | 'finished';

/** What the store knows of a run, and whether it was started with this specification. */
export async function standingOf(
  store: ArtifactStore,
  runId: string,
): Promise<{ standing: RunStanding; digest?: string }> {
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) return { standing: 'new' };
  const last = iterationKeys.evaluation({ runId, iteration: record.plan.iterations });
  const finished = (await readSealed<Evaluation>(store, last)) !== undefined;
  return { standing: finished ? 'finished' : 'unfinished', digest: record.specificationDigest };
}
