/**
 * Calls whose answer was not kept: a worker died, the call was cancelled or broken off, or the answer was unusable. Each
 * call is noted beside its completion before it is made, because a killed worker cannot note it later.
 * `src/artifacts/call-notes.ts` reads the notes; closing the shard counts them.
 */
import { possibleCharges, type CallNote } from '../src/artifacts/call-notes';
import type { Usage } from '../src/contract/transcript';
import { iterationKeys } from '../src/domain/keys';
import { AllowanceSpent, ArtifactError, PaymentRefused, ProviderError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';

/**
 * Makes a call for the completion under `key`, noting it before, and again after a failure. Throws whatever the call throws,
 * or `ArtifactError` if no note can be stored, or `AllowanceSpent`; the call is then not made.
 * @param allowed How often the completion may be charged for; absent: as often as it takes.
 * @returns The answer, and whether this call's note is the only one of the completion.
 */
export async function notedCall<Answer>(
  store: ArtifactStore,
  key: string,
  call: () => Promise<Answer>,
  allowed?: number,
): Promise<{ answer: Answer; isOnlyCall: boolean }> {
  return noted(store, key, { call, endOf, allowed });
}

/**
 * As `notedCall`, for a result that takes several requests; `unused` is what those that were answered took, undefined if none
 * was.
 */
export async function notedBatch<Answer>(
  store: ArtifactStore,
  key: string,
  call: () => Promise<Answer>,
  { unused, allowed }: { unused: () => Usage | undefined; allowed?: number | undefined },
): Promise<{ answer: Answer; isOnlyCall: boolean }> {
  const ended = (): CallNote => {
    const usage = unused();
    return usage === undefined ? 'not charged' : { unused: usage };
  };
  return noted(store, key, { call, endOf: ended, allowed });
}

async function noted<Answer>(
  store: ArtifactStore,
  key: string,
  {
    call,
    endOf: ended,
    allowed = Infinity,
  }: { call: () => Promise<Answer>; endOf: (error: unknown) => CallNote | undefined; allowed?: number | undefined },
): Promise<{ answer: Answer; isOnlyCall: boolean }> {
  const isOnlyCall = await addNote(store, key, 'asked');
  // Counted behind the own note: of two attempts that are alive at once, one at least sees the other.
  if (allowed < Infinity && (await possibleCharges(store, key)) > allowed) {
    await addNote(store, key, 'not charged');
    throw new AllowanceSpent(`${key}: asked ${allowed} times, as often as the limits of the run were held for it`);
  }
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
  allowed?: number,
): Promise<void> {
  const { answer } = await notedCall(store, key, call, allowed);
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
