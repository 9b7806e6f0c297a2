/**
 * Notes of calls whose answer may be lost, as `activities/lost-calls.ts` writes them beside a result. What they leave when the
 * result is stored, or the shard is closed, was charged for or may have been, and nobody has its answer.
 */
import { z } from 'zod';
import type { Usage } from '../contract/transcript';
import { unknownUsage } from '../domain/counts';
import { iterationKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';

const tokens = z.int().nullable();
const usageSchema = z.object({ promptTokens: tokens, completionTokens: tokens });

/** One line: a call that begins, one that is free of charge, or one charged for without an answer that can be kept. */
const noteSchema = z.union([z.literal(['asked', 'not charged']), z.object({ unused: usageSchema })]);
export type CallNote = z.infer<typeof noteSchema>;

/** Usage of the calls for the result under `key` whose answer is not the stored one; unknown for those without an end. */
export async function lostCallsFor(
  store: ArtifactStore,
  key: string,
  { isStored }: { isStored: boolean },
): Promise<Usage[]> {
  return lostCalls(readNotes(await store.read(iterationKeys.callNotes(key))), { isStored });
}

/** How many of the calls for the result under `key` were charged for, or may have been, those under way among them. */
export async function possibleCharges(store: ArtifactStore, key: string): Promise<number> {
  return (await lostCallsFor(store, key, { isStored: false })).length;
}

/** A call without an end was under way when its worker died, or is the one whose answer is stored. */
function lostCalls(notes: readonly CallNote[], { isStored }: { isStored: boolean }): Usage[] {
  const unused = notes.flatMap((note) => (typeof note === 'object' ? [note.unused] : []));
  const asked = notes.filter((note) => note === 'asked').length;
  const notCharged = notes.filter((note) => note === 'not charged').length;
  const open = Math.max(0, asked - notCharged - unused.length - (isStored ? 1 : 0));
  return [...unused, ...Array.from({ length: open }, () => unknownUsage)];
}

/** Notes begin with their line break, so a torn one spoils no other; it counts as a call without an end. */
function readNotes(bytes: Buffer | undefined): CallNote[] {
  const lines = (bytes?.toString('utf8') ?? '').split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    try {
      return noteSchema.parse(JSON.parse(line));
    } catch {
      return 'asked';
    }
  });
}
