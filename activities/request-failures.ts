/**
 * Tells a request that always fails from an endpoint that does. Each worker counts per endpoint and model, across the
 * attempts of an activity and the pauses of a run; a restarted worker counts anew, which takes a minute of retries.
 */
import { ProviderError } from '../src/errors';

/** Failures before a request is taken to be at fault: a minute, by the retry policy. */
const fewestFailures = 6;

/** How many of these failures must be followed by an answer to another request before the next one. */
const fewestBetween = 3;

/** Most requests remembered; a forgotten one gets another minute. */
const mostRequests = 10_000;

interface Calls {
  succeeded: number;
  failed: number;
}

interface Trouble {
  failures: number;
  /** Failures before which another request had succeeded since the failure before. */
  between: number;
  /** Once it failed twice without an answer to another request between. */
  isAlone: boolean;
  /** Of the model: before the first failure, and at the newest one. */
  first: Calls;
  newest: Calls;
}

/** A request and its endpoint. The model is part of it: one whose weights cannot be loaded fails every request. */
export interface AskedRequest {
  endpoint: string;
  model: string;
  requestDigest: string;
}

export class RequestFailures {
  private readonly models = new Map<string, Calls>();
  private readonly troubles = new Map<string, Trouble>();
  /** Models that are being sent a small request. */
  private readonly askedBeside = new Set<string>();

  /**
   * Performs a request. If it fails, and the model got no other request since its previous failure (the last problem of a
   * stage), `another` sends a small one. This tells a request that always fails from a model that does, even if it is the
   * only request.
   *
   * @param another Only whether it is answered matters.
   */
  async perform<Answer>(
    asked: AskedRequest,
    request: () => Promise<Answer>,
    another: () => Promise<unknown>,
  ): Promise<Answer> {
    try {
      const answer = await request();
      this.succeeded(asked);
      return answer;
    } catch (error) {
      const judged = this.judge(asked, error);
      const isOpen = judged === error && isOfServer(error) && !isLoad(error);
      if (isOpen && this.needsAnother(asked)) await this.askAnother(asked, another);
      throw judged;
    }
  }

  /** From the third failure on: by the sixth, `fewestBetween` answers can have come between. */
  private needsAnother(asked: AskedRequest): boolean {
    const trouble = this.troubles.get(idOf(asked));
    return trouble !== undefined && trouble.isAlone && trouble.failures >= fewestFailures - fewestBetween;
  }

  /** At most one at a time per model: asking once per request tells nothing more about a model that is down. */
  private async askAnother({ endpoint, model }: AskedRequest, another: () => Promise<unknown>): Promise<void> {
    const id = `${endpoint}/${model}`;
    if (this.askedBeside.has(id)) return;
    this.askedBeside.add(id);
    const beside = { endpoint, model, requestDigest: `another request to ${model}` };
    try {
      await another();
      this.succeeded(beside);
    } catch (error) {
      this.judge(beside, error);
    } finally {
      this.askedBeside.delete(id);
    }
  }

  succeeded(asked: AskedRequest): void {
    this.callsOf(asked).succeeded += 1;
    this.troubles.delete(idOf(asked));
  }

  /**
   * Returns the request's error or, if it keeps failing while most others to the same model succeed, one that is not
   * retried. Then the problem fails, and the run goes on.
   */
  judge(asked: AskedRequest, error: unknown): unknown {
    if (!isOfServer(error)) return error;
    const calls = this.callsOf(asked);
    const trouble = this.grow(asked, calls);
    if (isLoad(error)) return error;
    const succeeded = calls.succeeded - trouble.first.succeeded;
    const othersFailed = calls.failed - trouble.first.failed - trouble.failures;
    const isAlone = succeeded > othersFailed && trouble.between >= fewestBetween;
    if (trouble.failures < fewestFailures || !isAlone) return error;
    return new ProviderError(
      `${error.message}. This request has failed ${trouble.failures} times, while ${succeeded} others to the same model were ` +
        'answered: its problem fails, not the endpoint',
      { status: error.status, retryable: false, isOfRequest: true },
    );
  }

  private grow(asked: AskedRequest, calls: Calls): Trouble {
    const id = idOf(asked);
    const known = this.troubles.get(id);
    const before = known ?? { failures: 0, between: 0, first: { ...calls }, isAlone: false };
    const isBetween = known !== undefined && calls.succeeded > known.newest.succeeded;
    calls.failed += 1;
    const grown = {
      failures: before.failures + 1,
      between: before.between + (isBetween ? 1 : 0),
      isAlone: before.isAlone || (known !== undefined && !isBetween),
      first: before.first,
      newest: { ...calls },
    };
    // Moved to the end: the least recently used is forgotten first.
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

/** The server broke, hung, or gave up at this request. A refused key, a missing model or a quota affects every request. */
function isOfServer(error: unknown): error is ProviderError {
  if (!(error instanceof ProviderError) || error.isOutage) return false;
  return error.status === undefined ? error.unreachable : error.status >= 500;
}

/** Overload says nothing about the request that meets it. */
function isLoad({ status }: ProviderError): boolean {
  return status === 503 || status === 529;
}

function idOf({ endpoint, requestDigest }: AskedRequest): string {
  return `${endpoint}/${requestDigest}`;
}

function forgetOldest(entries: Map<string, unknown>): void {
  const [oldest] = entries.keys();
  if (entries.size > mostRequests && oldest !== undefined) entries.delete(oldest);
}
