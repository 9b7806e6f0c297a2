/**
 * Calls whose answer was not kept: a worker died, the call was cancelled or broken off, or the answer was unusable. Each
 * call is noted beside its completion before it is made, because a killed worker cannot note it later; closing the shard
 * counts them.
 */
import { z } from 'zod';
import type { CallCounts } from '../src/contract/run';
import type { Usage } from '../src/contract/transcript';
import { addCounts, countUsages, noCounts, unknownUsage } from '../src/domain/counts';
import { iterationKeys } from '../src/domain/keys';
import { ArtifactError, PaymentRefused, ProviderError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';

const tokens = z.int().nullable();
const usageSchema = z.object({ promptTokens: tokens, completionTokens: tokens });

/** One line: a call that begins, one that is free of charge, or one charged for without an answer that can be kept. */
const noteSchema = z.union([z.literal(['asked', 'not charged']), z.object({ unused: usageSchema })]);
type Note = z.infer<typeof noteSchema>;

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
  const isOnlyCall = await addNote(store, key, 'asked');
  try {
    return { answer: await call(), isOnlyCall };
  } catch (error) {
    const end = endOf(error);
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

/**
 * Lost calls of all completions in these folders, stored or not.
 * @param folders As `iterationKeys.round` and `iterationKeys.revisions` name them.
 */
export async function countLostCalls(store: ArtifactStore, folders: readonly string[]): Promise<CallCounts> {
  const usages = await Promise.all(folders.map((folder) => lostIn(store, folder)));
  const lost = usages.flat();
  return lost.length === 0 ? noCounts : addCounts(countUsages(lost), { ...noCounts, endings: { lost: lost.length } });
}

async function lostIn(store: ArtifactStore, folder: string): Promise<Usage[]> {
  const keys = new Set(await store.list(folder));
  const completions = [...keys].flatMap((key) => iterationKeys.notedCompletion(key) ?? []);
  const lost = completions.map(async (key) =>
    lostCalls(readNotes(await store.read(iterationKeys.callNotes(key))), { isStored: keys.has(key) }),
  );
  return (await Promise.all(lost)).flat();
}

/** A call without an end was under way when its worker died, or is the one whose answer is stored. */
function lostCalls(notes: readonly Note[], { isStored }: { isStored: boolean }): Usage[] {
  const unused = notes.flatMap((note) => (typeof note === 'object' ? [note.unused] : []));
  const asked = notes.filter((note) => note === 'asked').length;
  const notCharged = notes.filter((note) => note === 'not charged').length;
  const open = Math.max(0, asked - notCharged - unused.length - (isStored ? 1 : 0));
  return [...unused, ...Array.from({ length: open }, () => unknownUsage)];
}

/** Undefined if it is unknown whether the other side answered. */
function endOf(error: unknown): Note | undefined {
  if (error instanceof PaymentRefused) return 'not charged';
  if (!(error instanceof ProviderError)) return undefined;
  return error.charged === undefined ? 'not charged' : { unused: error.charged };
}

function addNote(store: ArtifactStore, key: string, note: Note): Promise<boolean> {
  return store.append(iterationKeys.callNotes(key), `\n${JSON.stringify(note)}`);
}

/** Notes begin with their line break, so a torn one spoils no other; it counts as a call without an end. */
function readNotes(bytes: Buffer | undefined): Note[] {
  const lines = (bytes?.toString('utf8') ?? '').split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    try {
      return noteSchema.parse(JSON.parse(line));
    } catch {
      return 'asked';
    }
  });
}

/** Ignores a note that cannot be written: the failure of the call itself says more. */
function unlessUnwritable(error: unknown): void {
  if (!(error instanceof ArtifactError)) throw error;
}
