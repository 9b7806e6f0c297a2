/**
 * An outage (an endpoint that stays down, a disk that stays full) pauses the run instead of failing it: after `resume`
 * the same step is tried again.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { PauseGate } from './pause-gate';
import { longestReason } from './signal-input';

/** Performs an activity. After an outage it pauses with the reason and tries again once people have resumed. */
export async function outlastingOutages<Result>(gate: PauseGate, perform: () => Promise<Result>): Promise<Result> {
  for (;;) {
    await gate.whenOpen();
    const { version } = gate;
    try {
      return await perform();
    } catch (error) {
      if (!isOutage(error)) throw error;
      // Resumed while the activity was still failing: people may have fixed just this.
      if (gate.version > version && !gate.paused) continue;
      await gate.pauseSelf(failureReason(error));
    }
  }
}

/** What an activity failed with, in one short sentence. */
export function failureReason(error: ActivityFailure): string {
  return (error.cause?.message ?? error.message).slice(0, longestReason);
}

/** `activities/failures.ts` marks outages in the failure's details. */
function isOutage(error: unknown): error is ActivityFailure {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return false;
  const [details] = error.cause.details ?? [];
  return typeof details === 'object' && details !== null && 'outage' in details && details.outage === true;
}
