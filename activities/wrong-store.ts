/**
 * A worker that looks at another store than the run's, because a mount comes late or MAFT_STORE was forgotten, finds
 * nothing of the run, not even its record. That is an outage: people fix it, and the run goes on.
 */
import { comparisonKeys, runKeys } from '../src/domain/keys';
import { ArtifactError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';

export type LookedAt = Pick<ArtifactStore, 'read' | 'addressOf'>;

/** Returns the error unchanged, or a retryable one if both the artifact and its run's record are missing. */
export async function namingWrongStore(error: unknown, store: LookedAt): Promise<unknown> {
  if (!(error instanceof ArtifactError) || !error.isMissing) return error;
  const record = recordBeside(error.key);
  if (record === undefined) return error;
  try {
    // A record that was missing a moment ago is still a reason to retry: the mount may have appeared meanwhile.
    if (record !== error.key && (await store.read(record)) !== undefined) return error;
  } catch (unreadable) {
    return unreadable;
  }
  return new ArtifactError(
    `is not in this worker's store (${store.addressOf()}). The workers of a namespace share one store (MAFT_STORE): is it mounted?`,
    record,
    { retryable: true },
  );
}

/** The key that a run or a comparison stores first; undefined for a model, which belongs to no single run. */
function recordBeside(key: string): string | undefined {
  const [folder, id = ''] = key.split('/');
  if (folder === 'runs') return runKeys.record(id);
  return folder === 'comparisons' ? comparisonKeys.record(id) : undefined;
}
