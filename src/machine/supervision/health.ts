/** Asks a program that runs whether it still answers: one that is stopped or deadlocked neither dies nor says anything. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface HealthCheck {
  /** Resolves when the program answers, rejects when it does not. */
  ask: (signal: AbortSignal) => Promise<void>;
  everyMs: number;
  /** Longest wait for one answer. */
  timeoutMs: number;
  /** So many questions in a row without an answer, and it counts as hung. */
  patience: number;
}

/** About a minute and a half of silence: a machine that is busy, or wakes from sleep, is given that. */
export const usualHealthCheck = { everyMs: 10_000, timeoutMs: 10_000, patience: 5 };

/** Resolves once the program has been silent for too long; rejects with the signal's reason when that is aborted. */
export async function untilSilent(
  { ask, everyMs, timeoutMs, patience }: HealthCheck,
  signal: AbortSignal,
): Promise<void> {
  for (let silences = 0; silences < patience;) {
    await sleep(everyMs, undefined, { signal });
    const limit = AbortSignal.timeout(timeoutMs);
    const cut = new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(limit.reason as Error)));
    const answered = Promise.race([ask(limit), cut]).then(
      () => true,
      () => false,
    );
    silences = (await answered) ? 0 : silences + 1;
    signal.throwIfAborted();
  }
}
