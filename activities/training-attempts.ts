/** Notes how long each attempt of a training holds its device, from its beginning on. */
import { randomUUID } from 'node:crypto';
import { noteAttempt, readAttempts, signOfLifeSeconds } from '../src/artifacts/training-attempts';
import type { HeldDevice } from '../src/contract/training-job';
import { ArtifactError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';

/** Throws what the training throws, or `ArtifactError` if its beginning cannot be noted; then it is not begun. */
export async function notedAttempt<Result>(
  store: ArtifactStore,
  key: string,
  train: () => Promise<Result>,
): Promise<Result> {
  const attempt = randomUUID().slice(0, 8);
  const startedAt = performance.now();
  const note = (end: { ended?: true } = {}) =>
    noteAttempt(store, key, { attempt, seconds: (performance.now() - startedAt) / 1000, ...end });
  await note();
  const timer = setInterval(() => void note().catch(unlessUnwritable), signOfLifeSeconds * 1000);
  try {
    return await train();
  } finally {
    clearInterval(timer);
    await note({ ended: true }).catch(unlessUnwritable);
  }
}

/** Notes of attempts that the weights record holds are no longer needed. */
export async function forgetRecordedAttempts(
  store: ArtifactStore,
  key: string,
  recorded: readonly HeldDevice[] = [],
): Promise<void> {
  const known = new Set(recorded.map(({ attempt }) => attempt));
  const noted = await readAttempts(store, key);
  if (noted.length > 0 && noted.every(({ attempt }) => known.has(attempt))) await store.remove(key);
}

/** The training itself says more than that its note could not be written. */
function unlessUnwritable(error: unknown): void {
  if (!(error instanceof ArtifactError)) throw error;
}
