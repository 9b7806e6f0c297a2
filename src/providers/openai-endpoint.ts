/** One configured endpoint of the OpenAI API: the client, the names on its wire, and what its errors mean. */
import { setMaxListeners } from 'node:events';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import type { Dispatcher, RequestInit } from 'undici';
import type { Usage } from '../contract/transcript';
import { unknownUsage } from '../domain/counts';
import { MaftError, ProviderError } from '../errors';
import { AdaptiveLimit } from './adaptive-limit';
import { usageSaidIn } from './openai-completion';
import { connectionPool, DeadlineExceeded, fetchFrom, withDeadlines } from './openai-connection';
import { causesOf, chainOf, oneLine, retryAfterMs, type ReportedError } from './openai-errors';

export interface EndpointSettings {
  /** Such as `http://127.0.0.1:8237/v1`. */
  baseUrl: string;
  apiKey?: string;
  /** Wire names of models that the endpoint calls differently. */
  wireNames?: Record<string, string>;
  /** Longest wait for one completion, from when it is sent to its last byte. */
  timeoutMs: number;
  /** Most requests in flight; more wait here, and fewer are sent where the endpoint refuses so many. */
  maxConcurrency: number;
  /** Longest wait for the rest of a completion that has begun to come, by the tokens asked for. */
  patience?: { baseMs: number; perTokenMs: number };
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read; undefined: the process's environment. */
  environment?: Record<string, string | undefined>;
}

/** The longest delay that a timer of Node takes: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A whole completion comes at once, but some hosts send an answer's head, and a blank now and then, while they are
 * still writing it: allows for four tokens a second, and a minute in a queue.
 */
const usualPatience = { baseMs: 60_000, perTokenMs: 250 };

/** Shared by the adapters that talk to it; each of their calls is one request. */
export class OpenAiEndpoint {
  readonly client: OpenAI;
  private readonly pool: Dispatcher;
  private readonly load: AdaptiveLimit;

  constructor(private readonly settings: EndpointSettings) {
    const { timeoutMs, environment = process.env } = settings;
    // Node's own fetch gives up on headers and body after five minutes; a long generation may take longer.
    const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
    this.load = new AdaptiveLimit(settings.maxConcurrency);
    // One request per connection.
    const limits = { connections: settings.maxConcurrency, pipelining: 1 };
    this.pool = connectionPool(settings.baseUrl, { ...timeouts, ...limits, keepAliveTimeout: 30_000 }, environment);
    const usual = withDeadlines(this.pool, { wholeMs: timeoutMs, answerMs: timeoutMs });
    this.client = new OpenAI({
      baseURL: settings.baseUrl,
      // The client insists on a key; servers without authentication ignore it.
      apiKey: settings.apiKey ?? 'none',
      maxRetries: 0,
      // The pool's clock begins when the request is sent.
      timeout: longestTimerMs,
      fetch: ((url: string, init: RequestInit) => fetchFrom(usual, url, init)) as unknown as typeof fetch,
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

  /** All names of a model: the one on the wire, and every name that the configuration gives it. */
  namesOf(model: string): string[] {
    const wire = this.wireName(model);
    const same = Object.entries(this.settings.wireNames ?? {}).filter(([, each]) => each === wire);
    return [wire, model, ...same.map(([name]) => name)];
  }

  /** The model names an endpoint offers, preceded by ours if the configuration translates them. */
  ownNames(offered: string[]): string[] {
    const translated = Object.entries(this.settings.wireNames ?? {}).filter(([, wire]) => offered.includes(wire));
    return [...new Set([...translated.map(([name]) => name), ...offered])];
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  /**
   * Performs a request as soon as the endpoint is thought to bear one more (adaptive-limit.ts), and rejects with what
   * `translate` makes of its failure.
   */
  async ask<Result>(model: string, signal: AbortSignal, request: () => Promise<Result>): Promise<Result> {
    const translated = async () => {
      try {
        return await request();
      } catch (error) {
        throw this.translate(error, model);
      }
    };
    return this.load.perform(translated, signal).catch((error: unknown) => {
      throw signal.aborted && error === signal.reason ? new APIUserAbortError() : error;
    });
  }

  /** Posts JSON to a path below the base address, or to an absolute one; returns the parsed answer unchecked. */
  async post(address: string, body: object, signal: AbortSignal): Promise<unknown> {
    return this.client.post(address, { body, ...endedBy(signal) });
  }

  /** Asks for a completion of at most `max_tokens`; returns the parsed answer and its headers. */
  async complete(
    body: { max_tokens: number } & OpenAI.ChatCompletionCreateParamsNonStreaming,
    signal: AbortSignal,
  ): Promise<{ answer: unknown; headers: Headers }> {
    const { baseMs, perTokenMs } = this.settings.patience ?? usualPatience;
    const answerMs = baseMs + perTokenMs * body.max_tokens;
    const dispatcher = withDeadlines(this.pool, { wholeMs: this.settings.timeoutMs, answerMs });
    const options = {
      ...endedBy(signal),
      fetchOptions: { dispatcher } as unknown as OpenAI.RequestOptions['fetchOptions'],
    };
    const { data, response } = await this.client.chat.completions.create(body, options).withResponse();
    return { answer: data, headers: response.headers };
  }

  /** The endpoint answered, but not what was asked for. */
  nonsense(wanted: string, answer: unknown): ProviderError {
    const shown = oneLine(this.withoutKey(JSON.stringify(answer) ?? 'nothing')).slice(0, 200);
    return new ProviderError(`${this.settings.baseUrl} answered something other than a ${wanted}: ${shown}`, {
      retryable: true,
      charged: usageSaidIn(answer),
    });
  }

  /** An error in an answer with status 200 means what its code says; without a known code it is nonsense. */
  refused({ reason, status }: ReportedError, { model, headers }: { model: string; headers: Headers }): ProviderError {
    const said = `${status ?? 'an error'} ${reason || 'no reason given'} (inside an answer with status 200)`;
    return statusError({ status, headers, message: this.withoutKey(said) }, this.where(model));
  }

  /** Another model answered than was asked for: the endpoint may have fallen back to the base. */
  answeredByOther(model: string, answered: string, charged: Usage): ProviderError {
    const other = oneLine(answered).slice(0, 100);
    const asked = this.wireName(model);
    return new ProviderError(
      `${this.where(model)} was asked for "${asked}" and answered as "${other}", which is not used. If that is the same ` +
        `model, say so in config.yaml, under models of this endpoint: {"${other}": "${asked}"}; else the endpoint does not serve it`,
      { retryable: false, isOutage: true, charged },
    );
  }

  private where(model: string): string {
    return `${this.settings.baseUrl} (model ${model})`;
  }

  /** Some hosts repeat the key they refuse; messages end up in histories, logs and reports. */
  private withoutKey(text: string): string {
    const { apiKey } = this.settings;
    return apiKey ? text.replaceAll(apiKey, '[API key]') : text;
  }

  /** Turns a failed request into our error; an abort stays an abort. */
  translate(error: unknown, model: string): unknown {
    const own = chainOf(error).find((each) => each instanceof MaftError);
    if (own !== undefined) return own;
    if (error instanceof APIUserAbortError) return error;
    const where = this.where(model);
    const deadline = chainOf(error).find((each) => each instanceof DeadlineExceeded);
    if (deadline !== undefined || error instanceof APIConnectionTimeoutError) {
      const what = deadline instanceof Error ? deadline.message : `gave no answer within ${this.settings.timeoutMs} ms`;
      return new ProviderError(`${where} ${what}`, { retryable: true, unreachable: true, charged: unknownUsage });
    }
    if (error instanceof APIConnectionError || error instanceof SyntaxError || isBrokenOff(error)) {
      return new ProviderError(
        `${where} cannot be reached or broke off: ${oneLine(this.withoutKey(causesOf(error)))}`,
        {
          retryable: true,
          unreachable: !(error instanceof SyntaxError),
          charged: hasArrived(error) ? unknownUsage : undefined,
          cause: error,
        },
      );
    }
    if (error instanceof APIError) {
      const status = typeof error.status === 'number' ? error.status : undefined;
      return statusError({ status, headers: error.headers, message: this.withoutKey(error.message) }, where);
    }
    return error;
  }
}

/** What `fetch` throws if a connection cannot be made or ends in the middle; any other TypeError is a bug of ours. */
function isBrokenOff(error: unknown): error is TypeError {
  return error instanceof TypeError && (error.cause !== undefined || error.message === 'terminated');
}

/** False if no connection was made, so the endpoint was not asked. */
function hasArrived(error: unknown): boolean {
  const unmade = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];
  return !chainOf(error).some((each) => each instanceof Error && 'code' in each && unmade.includes(String(each.code)));
}

/** Options of a request that ends with this signal. Many share one, and Node takes the eleventh listener for a leak. */
export function endedBy(signal: AbortSignal): { signal: AbortSignal } {
  setMaxListeners(0, signal);
  return { signal };
}

/** 404 is retryable: a name just published is loaded on first use, and a remote host may still be downloading it. */
const retryableStatuses = new Set([404, 408, 409, 425, 429]);

interface Refusal {
  status: number | undefined;
  headers: Headers | undefined;
  /** Begins with the status. */
  message: string;
}

function statusError({ status, headers, message }: Refusal, where: string): ProviderError {
  const retryable = status === undefined || status >= 500 || retryableStatuses.has(status);
  const wait = retryAfterMs(headers);
  // The Temporal UI shows this sentence while the next attempt waits.
  const asks = wait === undefined ? '' : ` (and asks to wait ${Math.ceil(wait / 1000)} s)`;
  // No cause: it holds the answer as it came, a repeated key included.
  return new ProviderError(`${where} answered ${oneLine(message)}${asks}`, { status, retryable, retryAfterMs: wait });
}
