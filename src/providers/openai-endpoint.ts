/** One configured endpoint of the OpenAI API: the client, the names on its wire, and what its errors mean. */
import { setMaxListeners } from 'node:events';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { Agent, fetch as undiciFetch } from 'undici';
import { MaftError, ProviderError } from '../errors';

export interface EndpointSettings {
  /** Such as `http://127.0.0.1:8237/v1`. */
  baseUrl: string;
  apiKey?: string;
  /** Wire name of a model where the endpoint calls it otherwise. */
  wireNames?: Record<string, string>;
  /** Longest wait for one completion, from when it is sent. */
  timeoutMs: number;
  /** Requests in flight that the endpoint can bear; more wait here until one of them is answered. */
  maxConcurrency: number;
}

/** The longest delay that a timer of Node takes: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Shared by the adapters that talk to it; each of their calls is one request. */
export class OpenAiEndpoint {
  readonly client: OpenAI;
  private readonly dispatcher: Agent;

  constructor(private readonly settings: EndpointSettings) {
    // Node's own fetch gives up on headers and body after five minutes; a long generation may take longer.
    const timeouts = { headersTimeout: settings.timeoutMs, bodyTimeout: settings.timeoutMs };
    // One request per connection: the pool holds back what is more than the endpoint can bear.
    const pool = { connections: settings.maxConcurrency, pipelining: 1 };
    this.dispatcher = new Agent({ ...timeouts, ...pool, keepAliveTimeout: 30_000 });
    this.client = new OpenAI({
      baseURL: settings.baseUrl,
      // The client insists on a key; servers without authentication ignore it.
      apiKey: settings.apiKey ?? 'none',
      maxRetries: 0,
      // Its clock would run while a request waits for a connection; the pool's begins when the request is sent.
      timeout: longestTimerMs,
      fetch: ((url: string, init: object) =>
        undiciFetch(url, { ...init, dispatcher: this.dispatcher })) as unknown as typeof fetch,
    });
  }

  /** Such as `http://127.0.0.1:8237/v1`. */
  get baseUrl(): string {
    return this.settings.baseUrl;
  }

  /** What the endpoint calls a model. */
  wireName(model: string): string {
    return this.settings.wireNames?.[model] ?? model;
  }

  /** What the endpoint offers, in its words and in ours where the configuration translates them. */
  ownNames(offered: string[]): string[] {
    const translated = Object.entries(this.settings.wireNames ?? {}).filter(([, wire]) => offered.includes(wire));
    return [...new Set([...translated.map(([name]) => name), ...offered])];
  }

  async close(): Promise<void> {
    await this.dispatcher.close();
  }

  /** Posts JSON to a path below the base address, or to an absolute one; the parsed answer, whatever it is. */
  async post(address: string, body: object, signal: AbortSignal): Promise<unknown> {
    return this.client.post(address, { body, ...endedBy(signal) });
  }

  /** The endpoint answered, but not what was asked for. */
  nonsense(wanted: string, answer: unknown): ProviderError {
    const shown = this.withoutKey(JSON.stringify(answer) ?? 'nothing').slice(0, 200);
    return new ProviderError(`${this.settings.baseUrl} answered something that is no ${wanted}: ${shown}`, {
      retryable: true,
    });
  }

  /** Some hosts repeat the key they refuse; messages end up in histories, logs and reports. */
  private withoutKey(text: string): string {
    const { apiKey } = this.settings;
    return apiKey ? text.replaceAll(apiKey, '[API key]') : text;
  }

  /** What a failed request means; an abort stays one. */
  translate(error: unknown, model: string): unknown {
    if (error instanceof MaftError || error instanceof APIUserAbortError) return error;
    const where = `${this.settings.baseUrl} (model ${model})`;
    if (error instanceof APIConnectionTimeoutError) {
      return new ProviderError(`${where} gave no answer within ${this.settings.timeoutMs} ms`, {
        retryable: true,
        unreachable: true,
      });
    }
    if (error instanceof APIConnectionError || error instanceof SyntaxError || isBrokenOff(error)) {
      return new ProviderError(`${where} cannot be reached or broke off: ${this.withoutKey(causesOf(error))}`, {
        retryable: true,
        unreachable: !(error instanceof SyntaxError),
        cause: error,
      });
    }
    if (error instanceof APIError) return statusError(error, where, this.withoutKey(error.message));
    return error;
  }
}

/** What `fetch` throws where a connection cannot be made or ends in the middle; any other TypeError is a bug of ours. */
function isBrokenOff(error: unknown): error is TypeError {
  return error instanceof TypeError && (error.cause !== undefined || error.message === 'terminated');
}

/** Options of a request that ends with this signal. Many share one, and Node takes the eleventh listener for a leak. */
export function endedBy(signal: AbortSignal): { signal: AbortSignal } {
  setMaxListeners(0, signal);
  return { signal };
}

/** 404 is retryable: a name just published is loaded on first use, and a remote host may still be downloading it. */
const retryableStatuses = new Set([404, 408, 409, 425, 429]);

function statusError(error: APIError, where: string, message: string): ProviderError {
  const status = typeof error.status === 'number' ? error.status : undefined;
  const retryable = status === undefined || status >= 500 || retryableStatuses.has(status);
  const wait = retryAfterMs(error.headers);
  // The Temporal UI shows this sentence while the next attempt waits.
  const asks = wait === undefined ? '' : ` (and asks to wait ${Math.ceil(wait / 1000)} s)`;
  // The client's message begins with the status. No cause: it holds the answer as it came, a repeated key included.
  return new ProviderError(`${where} answered ${message.slice(0, 500)}${asks}`, {
    status,
    retryable,
    retryAfterMs: wait,
  });
}

/** Retry-After as seconds or as an HTTP date; undefined for "now": then the retry policy's own pause is the right one. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after');
  if (value === null || value === undefined) return undefined;
  const seconds = Number(value);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return milliseconds > 0 ? milliseconds : undefined;
}

/** The messages of an error and of what caused it: what broke (ECONNREFUSED) stands deepest. */
function causesOf(error: Error): string {
  const messages: string[] = [];
  let cause: unknown = error;
  while (typeof cause === 'object' && cause !== null && 'message' in cause) {
    // Where several addresses of a name were tried, there is a code and no message.
    messages.push(String(cause.message || ('code' in cause ? cause.code : '')));
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return messages.join(' ');
}
