/** Notes how long each attempt of a training holds its device, from its beginning on. */
import { randomUUID } from 'node:crypto';
import { noteAttempt, readAttempts, signOfLifeSeconds } from '../src/artifacts/training-attempts';
import type { HeldDevice } from '../src/contract/training-job';
import { AllowanceSpent, ArtifactError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';

interface TimedTraining<Result> {
  /** On abort it checkpoints and stops. */
  train: (signal: AbortSignal) => Promise<Result>;
  signal: AbortSignal;
  /** How long all attempts may hold a device; absent: as long as it takes. */
  allowedSeconds?: number | undefined;
}

/** What attempts have held so far, at most. */
export async function secondsHeld(store: ArtifactStore, key: string): Promise<number> {
  const attempts = await readAttempts(store, key);
  return attempts.reduce((sum, { seconds, isOpen }) => sum + seconds + (isOpen ? signOfLifeSeconds : 0), 0);
}

/** Before the end of what is allowed, so that the checkpoint is written within it. */
function stopAfterMs(seconds: number): number {
  return 1000 * Math.max(seconds / 2, seconds - mostToCheckpointSeconds);
}

const mostToCheckpointSeconds = 30;

function spent(allowedSeconds: number | undefined): AllowanceSpent {
  return new AllowanceSpent(
    `the training has held a device for ${allowedSeconds ?? 0} s, which is all that it was granted`,
  );
}

/** Throws what the training throws, `AllowanceSpent` if it has taken all it may, or `ArtifactError` if its beginning cannot be noted; then it is not begun. */
export async function notedAttempt<Result>(
  store: ArtifactStore,
  key: string,
  { train, signal, allowedSeconds }: TimedTraining<Result>,
): Promise<Result> {
  const remaining = allowedSeconds === undefined ? Infinity : allowedSeconds - (await secondsHeld(store, key));
  if (remaining <= 0) throw spent(allowedSeconds);
  const allowance = new AbortController();
  const alarm = remaining === Infinity ? undefined : setTimeout(() => allowance.abort(), stopAfterMs(remaining));
  const attempt = randomUUID().slice(0, 8);
  const startedAt = performance.now();
  const note = (end: { ended?: true } = {}) =>
    noteAttempt(store, key, { attempt, seconds: (performance.now() - startedAt) / 1000, ...end });
  await note();
  const timer = setInterval(() => void note().catch(unlessUnwritable), signOfLifeSeconds * 1000);
  try {
    return await train(AbortSignal.any([signal, allowance.signal]));
  } catch (error) {
    if (allowance.signal.aborted && !signal.aborted) throw spent(allowedSeconds);
    throw error;
  } finally {
    clearTimeout(alarm);
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
