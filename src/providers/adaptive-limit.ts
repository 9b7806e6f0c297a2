/**
 * How many requests an endpoint bears at the same time, found out by asking it (decision 25). A refusal for load (429) says
 * that the requests beside it are as many as the endpoint bears, and that becomes the limit; every answer raises it by an
 * eighth. So a full endpoint refuses one request in nine, and refusals by chance are forgotten as fast as they come.
 */
import { setMaxListeners } from 'node:events';
import { ProviderError } from '../errors';

/** A request is sent this often before its refusal goes to the caller. */
const mostSends = 20;
/** Longest wait, milliseconds, that an endpoint may ask for here; a longer one goes to the caller, who says so. */
const longestHold = 60_000;

/** Shared by all requests of a process to one endpoint. */
export class AdaptiveLimit {
  private limit: number;
  private inFlight = 0;
  /** Raised by each halving: what was sent before it says nothing of the new limit. */
  private era = 0;
  private closedUntil = 0;
  /** Each admits one request. */
  private readonly waiting: (() => void)[] = [];

  /** @param most Requests in flight that are never exceeded, and with which it begins. */
  constructor(private readonly most: number) {
    this.limit = most;
  }

  /**
   * Sends as soon as the endpoint is thought to bear one more. A refusal for load is sent again, first in line, while others
   * are in flight. Rejects with what `send` rejects with, and with the signal's reason once that is aborted.
   */
  async perform<Result>(send: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    for (let sends = 1; ; sends++) {
      await this.admission(signal, sends > 1);
      const { era } = this;
      try {
        const result = await send();
        this.raise();
        return result;
      } catch (error) {
        if (!this.learn(error, era) || sends === mostSends) throw error;
      } finally {
        this.inFlight -= 1;
        this.admitWaiting();
      }
    }
  }

  private async admission(signal: AbortSignal, isFirst: boolean): Promise<void> {
    signal.throwIfAborted();
    // Many share one, and Node takes the eleventh listener for a leak.
    setMaxListeners(0, signal);
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        this.waiting.splice(this.waiting.indexOf(admit), 1);
        reject(signal.reason as Error);
      };
      const admit = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      signal.addEventListener('abort', abort, { once: true });
      if (isFirst) this.waiting.unshift(admit);
      else this.waiting.push(admit);
      this.admitWaiting();
    });
  }

  private admitWaiting(): void {
    if (Date.now() < this.closedUntil) return;
    while (this.waiting.length > 0 && this.inFlight < Math.floor(this.limit)) {
      this.inFlight += 1;
      this.waiting.shift()!();
    }
  }

  /** Only if the limit held something back: what was never tried is not known to be borne. */
  private raise(): void {
    if (this.inFlight >= Math.floor(this.limit)) this.limit = Math.min(this.most, this.limit + 1 / 8);
  }

  /** True if the request is to be sent again. */
  private learn(error: unknown, era: number): boolean {
    if (!(error instanceof ProviderError)) return false;
    const { status, retryAfterMs: holdMs = 0 } = error;
    if (status !== 429) {
      if (isOverload(error) && era === this.era) this.halve();
      return false;
    }
    const beside = this.inFlight - 1;
    this.limit = Math.min(this.limit, Math.max(1, beside));
    // Alone it would come back at once, again and again: the caller waits longer from one attempt to the next.
    if (beside === 0 || holdMs > longestHold) return false;
    this.hold(holdMs);
    return true;
  }

  private halve(): void {
    this.era += 1;
    this.limit = Math.max(1, this.limit / 2);
  }

  private hold(milliseconds: number): void {
    if (milliseconds === 0) return;
    this.closedUntil = Math.max(this.closedUntil, Date.now() + milliseconds);
    // Timers may fire a little early.
    setTimeout(() => this.admitWaiting(), milliseconds + 5);
  }
}

/** Too slow, or broken under what it was asked; a connection that could not be made says nothing of load. */
function isOverload({ status, unreachable, charged }: ProviderError): boolean {
  return status === undefined ? unreachable && charged !== undefined : status >= 500 || status === 408;
}
