/**
 * Answers that were paid for and could not be stored: kept for the next attempt, so a full disk costs no second call.
 * Answers that are lost anyway are counted (`lost-calls.ts`).
 */
import type { ArtifactStore } from '../src/ports';

interface Limits {
  /** Answers kept at most, and characters of all of them together. */
  answers: number;
  characters: number;
  /** How long a store that has taken an answer is taken to be writable, milliseconds. */
  trustMs: number;
}

const usualLimits: Limits = { answers: 4_000, characters: 64_000_000, trustMs: 5_000 };

interface Answer {
  response: string;
}

/** Of one worker. Answers are known by the place they belong to and the digest of their request. */
export class UnstoredAnswers<Kept extends Answer> {
  private readonly kept = new Map<string, Kept>();
  private characters = 0;
  private storedAt = -Infinity;

  constructor(private readonly limits: Limits = usualLimits) {}

  get(id: string): Kept | undefined {
    return this.kept.get(id);
  }

  /** Throws the store's `ArtifactError` if the key cannot be written, so that no model is asked. */
  async insistOnWritable(store: ArtifactStore, key: string): Promise<void> {
    if (performance.now() - this.storedAt < this.limits.trustMs) return;
    await store.checkWritable(key);
    this.storedAt = performance.now();
  }

  keep(id: string, answer: Kept): void {
    this.storedAt = -Infinity;
    this.remove(id);
    this.kept.set(id, answer);
    this.characters += answer.response.length;
    while (this.kept.size > this.limits.answers || this.characters > this.limits.characters) this.loseOldest();
  }

  stored(id: string): void {
    this.storedAt = performance.now();
    this.remove(id);
  }

  private loseOldest(): void {
    const [oldest] = this.kept.keys();
    if (oldest !== undefined) this.remove(oldest);
  }

  private remove(id: string): void {
    this.characters -= this.kept.get(id)?.response.length ?? 0;
    this.kept.delete(id);
  }
}
