/**
 * Calls whose answer was not kept: a worker died, the call was cancelled or broken off, or the answer was unusable. Each
 * call is noted beside its completion before it is made, because a killed worker cannot note it later.
 * `src/artifacts/call-notes.ts` reads the notes; closing the shard counts them.
 */
import type { CallNote } from '../src/artifacts/call-notes';
import type { Usage } from '../src/contract/transcript';
import { iterationKeys } from '../src/domain/keys';
import { ArtifactError, PaymentRefused, ProviderError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';

/**
 * Makes a call for the completion under `key`, noting it before, and again after a failure. Throws whatever the call throws,
 * or `ArtifactError` if no note can be stored; the call is then not made.
 * @returns The answer, and whether this call's note is the only one of the completion.
 */
export async function notedCall<Answer>(
  store: ArtifactStore,
  key: string,
  call: () => Promise<Answer>,
): Promise<{ answer: Answer; isOnlyCall: boolean }> {
  return noted(store, key, { call, endOf });
}

/**
 * As `notedCall`, for a result that takes several requests.
 * @param unused What those that were answered took; undefined if none was.
 */
export async function notedBatch<Answer>(
  store: ArtifactStore,
  key: string,
  call: () => Promise<Answer>,
  unused: () => Usage | undefined,
): Promise<{ answer: Answer; isOnlyCall: boolean }> {
  const ended = (): CallNote => {
    const usage = unused();
    return usage === undefined ? 'not charged' : { unused: usage };
  };
  return noted(store, key, { call, endOf: ended });
}

async function noted<Answer>(
  store: ArtifactStore,
  key: string,
  { call, endOf: ended }: { call: () => Promise<Answer>; endOf: (error: unknown) => CallNote | undefined },
): Promise<{ answer: Answer; isOnlyCall: boolean }> {
  const isOnlyCall = await addNote(store, key, 'asked');
  try {
    return { answer: await call(), isOnlyCall };
  } catch (error) {
    const end = ended(error);
    if (end !== undefined) await addNote(store, key, end).catch(unlessUnwritable);
    throw error;
  }
}

/** As `notedCall`, for a call whose answer is not needed. */
export async function notedAside(
  store: ArtifactStore,
  key: string,
  call: () => Promise<{ usage: Usage }>,
): Promise<void> {
  const { answer } = await notedCall(store, key, call);
  await noteUnused(store, key, answer.usage);
}

/** Notes an answer that arrived but is not kept. */
export async function noteUnused(store: ArtifactStore, key: string, usage: Usage): Promise<void> {
  await addNote(store, key, { unused: usage }).catch(unlessUnwritable);
}

/** Once the completion is stored, the note of its only call is no longer needed. */
export async function forgetKeptCall(store: ArtifactStore, key: string): Promise<void> {
  await store.remove(iterationKeys.callNotes(key));
}

/** Undefined if it is unknown whether the other side answered. */
function endOf(error: unknown): CallNote | undefined {
  if (error instanceof PaymentRefused) return 'not charged';
  if (!(error instanceof ProviderError)) return undefined;
  return error.charged === undefined ? 'not charged' : { unused: error.charged };
}

function addNote(store: ArtifactStore, key: string, note: CallNote): Promise<boolean> {
  return store.append(iterationKeys.callNotes(key), `\n${JSON.stringify(note)}`);
}

/** Ignores a note that cannot be written: the failure of the call itself says more. */
function unlessUnwritable(error: unknown): void {
  if (!(error instanceof ArtifactError)) throw error;
}
