/** Heartbeats for as long as something runs, so that a killed worker is noticed within the heartbeat timeout. */
import { Context } from '@temporalio/activity';

const beatEveryMs = 5_000;

export async function withHeartbeats<Result>(perform: () => Promise<Result>, details?: () => unknown): Promise<Result> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details?.()), beatEveryMs);
  try {
    return await perform();
  } finally {
    clearInterval(timer);
  }
}
