/**
 * Notes of how long the attempts of one training have held a device. They stand beside its weights record, because a killed
 * worker cannot say it later; an attempt notes a sign of life now and then, and its end.
 */
import { z } from 'zod';
import type { HeldDevice } from '../contract/training-job';
import type { ArtifactStore } from '../ports';

/** Seconds between two signs of life. */
export const signOfLifeSeconds = 30;

const noteSchema = z.object({
  attempt: z.string(),
  /** Since it began. */
  seconds: z.number().min(0),
  ended: z.literal(true).optional(),
});
type AttemptNote = z.infer<typeof noteSchema>;

/** An attempt so far. Without an end it is under way, or was killed up to `signOfLifeSeconds` after its last note. */
export interface NotedAttempt extends HeldDevice {
  isOpen: boolean;
}

export async function noteAttempt(store: ArtifactStore, key: string, note: AttemptNote): Promise<void> {
  await store.append(key, `\n${JSON.stringify(note)}`);
}

/** In the order in which they began. */
export async function readAttempts(store: ArtifactStore, key: string): Promise<NotedAttempt[]> {
  const found = new Map<string, NotedAttempt>();
  for (const line of ((await store.read(key))?.toString('utf8') ?? '').split('\n')) {
    const note = readNote(line);
    if (note === undefined) continue;
    const { attempt, seconds, ended } = note;
    const before = found.get(attempt) ?? { seconds: 0, isOpen: true };
    const isOpen = before.isOpen && ended === undefined;
    found.set(attempt, { attempt, seconds: Math.max(before.seconds, seconds), isOpen });
  }
  return [...found.values()];
}

/** A torn line says nothing; the signs of life before and after it do. */
function readNote(line: string): AttemptNote | undefined {
  try {
    return noteSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
