/**
 * Tells a request that fails for ever from an endpoint that does. The knowledge is this worker's, per endpoint and model,
 * and outlives the attempts of an activity and the pauses of a run; a worker that starts again gathers it anew, which takes
 * a minute of retries.
 */
import { ProviderError } from '../src/errors';

/** So often a request must have failed until it is taken to be at fault: a minute, by the retry policy. */
const fewestFailures = 6;

/** And so many of its failures must have been followed by an answer to another request before it failed again. */
const fewestBetween = 3;

/** Requests that are remembered; one that is forgotten is given a minute more. */
const mostRequests = 10_000;

/** Refusals of load: they say nothing about the request that meets them. */
const loadStatuses = new Set([503, 529]);

interface Calls {
  succeeded: number;
  failed: number;
}

interface Trouble {
  failures: number;
  /** Failures before which another request had succeeded since the failure before. */
  between: number;
  /** Of the model: before the first failure, and at the newest one. */
  first: Calls;
  newest: Calls;
}

/** What is asked of whom. The model belongs to it: one whose weights cannot be loaded fails at every request. */
export interface AskedRequest {
  endpoint: string;
  model: string;
  requestDigest: string;
}

export class RequestFailures {
  private readonly models = new Map<string, Calls>();
  private readonly troubles = new Map<string, Trouble>();

  succeeded(asked: AskedRequest): void {
    this.callsOf(asked).succeeded += 1;
    this.troubles.delete(idOf(asked));
  }

  /**
   * What the failure of a request is: itself, or, where the request fails while most others to the same model succeed, one
   * that no retry mends. Then the problem fails, and the run goes on.
   */
  judge(asked: AskedRequest, error: unknown): unknown {
    if (!(error instanceof ProviderError) || !isOfServer(error)) return error;
    const calls = this.callsOf(asked);
    const trouble = this.grow(asked, calls);
    if (loadStatuses.has(error.status ?? 0)) return error;
    const succeeded = calls.succeeded - trouble.first.succeeded;
    const othersFailed = calls.failed - trouble.first.failed - trouble.failures;
    const isAlone = succeeded > othersFailed && trouble.between >= fewestBetween;
    if (trouble.failures < fewestFailures || !isAlone) return error;
    return new ProviderError(
      `${error.message}. This request has failed ${trouble.failures} times, while ${succeeded} others to the same model were ` +
        'answered: its problem fails, not the endpoint',
      { status: error.status, retryable: false },
    );
  }

  private grow(asked: AskedRequest, calls: Calls): Trouble {
    const id = idOf(asked);
    const known = this.troubles.get(id);
    const { failures, between, first, newest } = known ?? {
      failures: 0,
      between: 0,
      first: { ...calls },
      newest: calls,
    };
    const isBetween = known !== undefined && calls.succeeded > newest.succeeded;
    calls.failed += 1;
    const grown = { failures: failures + 1, between: between + (isBetween ? 1 : 0), first, newest: { ...calls } };
    // Behind all others: the longest untouched is forgotten first.
    this.troubles.delete(id);
    this.troubles.set(id, grown);
    forgetOldest(this.troubles);
    return grown;
  }

  private callsOf({ endpoint, model }: AskedRequest): Calls {
    const id = `${endpoint}/${model}`;
    const calls = this.models.get(id) ?? { succeeded: 0, failed: 0 };
    this.models.delete(id);
    this.models.set(id, calls);
    forgetOldest(this.models);
    return calls;
  }
}

/** It broke, hung, or gave up at this request. A refused key, a missing model and a quota are no matter of one request. */
function isOfServer({ status, unreachable, isOutage }: ProviderError): boolean {
  return !isOutage && (status === undefined ? unreachable : status >= 500);
}

function idOf({ endpoint, requestDigest }: AskedRequest): string {
  return `${endpoint}/${requestDigest}`;
}

function forgetOldest(entries: Map<string, unknown>): void {
  const [oldest] = entries.keys();
  if (entries.size > mostRequests && oldest !== undefined) entries.delete(oldest);
}
