/** Checks whether a running program still answers: a stopped or deadlocked one neither dies nor reports it. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface HealthCheck {
  /** Resolves when the program answers, rejects when it does not. */
  ask: (signal: AbortSignal) => Promise<void>;
  everyMs: number;
  /** Longest wait for one answer. */
  timeoutMs: number;
  /** Unanswered questions in a row after which it counts as hung. */
  patience: number;
}

/** About a minute and a half of silence, which a busy machine, or one waking from sleep, may need. */
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
