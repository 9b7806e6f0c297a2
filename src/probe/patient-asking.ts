/** Model calls of a command, without a workflow to retry them: asks again if that may help, and counts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallCounts } from '../contract/run';
import { addCounts, countUsages, noCounts } from '../domain/counts';
import { ProviderError } from '../errors';
import type { ChatCompletion, ChatRequest, Inference } from '../ports';

/** Waits before the 2nd, 3rd … attempt, milliseconds: for a server that restarts, or a limit of calls per minute. */
const usualPausesMs = [1_000, 2_000, 5_000, 15_000, 40_000];

/** A wait, milliseconds, after which the person at the terminal would no longer be looking. */
const longestPauseMs = 120_000;

export interface PatientAsking {
  ask(endpoint: string, request: ChatRequest): Promise<string>;
  /** Of all answers so far. */
  readonly counts: CallCounts;
}

interface Asking {
  inference: (endpoint: string) => Inference;
  signal: AbortSignal;
  pausesMs?: readonly number[];
}

/** `ask` throws the last attempt's `ProviderError`, at once if no retry may help, or an aborted signal's reason. */
export function patientAsking({ inference, signal, pausesMs = usualPausesMs }: Asking): PatientAsking {
  let counts = noCounts;

  async function attempt(endpoint: string, request: ChatRequest): Promise<ChatCompletion> {
    for (let attempts = 0; ; attempts += 1) {
      signal.throwIfAborted();
      try {
        return await inference(endpoint).complete(request, signal);
      } catch (error) {
        const pauseMs = pauseBefore(error, pausesMs[attempts]);
        if (signal.aborted) throw signal.reason;
        if (pauseMs === undefined) throw error;
        // An abort ends the wait, and is thrown with its reason above.
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  return {
    async ask(endpoint, request) {
      const { text, usage } = await attempt(endpoint, request);
      counts = addCounts(counts, countUsages([usage]));
      return text;
    },
    get counts() {
      return counts;
    },
  };
}

/** Undefined if no further attempt is to be made. */
function pauseBefore(error: unknown, usualMs: number | undefined): number | undefined {
  if (!(error instanceof ProviderError) || !error.retryable || usualMs === undefined) return undefined;
  const pauseMs = Math.max(usualMs, error.retryAfterMs ?? 0);
  return pauseMs > longestPauseMs ? undefined : pauseMs;
}
