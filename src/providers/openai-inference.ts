/**
 * Chat completions over the OpenAI API, through the `openai` client, at one configured endpoint.
 * Never retries: Temporal does, honouring Retry-After (architecture, section 6).
 */
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { Agent, fetch as undiciFetch } from 'undici';
import { z } from 'zod';
import { ProviderError } from '../errors';
import type { ChatCompletion, ChatRequest, Inference } from '../ports';

export interface EndpointSettings {
  /** Such as `http://127.0.0.1:8237/v1`. */
  baseUrl: string;
  apiKey?: string;
  /** Wire name of a model where the endpoint calls it otherwise. */
  wireNames?: Record<string, string>;
  /** Longest wait for one completion. */
  timeoutMs: number;
}

/** What of an answer is used; a server may send more. Text may be null where a provider withholds it. */
const completionSchema = z.object({
  choices: z
    .array(z.object({ message: z.object({ content: z.string().nullable() }), finish_reason: z.string().nullish() }))
    .min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

const modelListSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

export class OpenAiInference implements Inference {
  private readonly client: OpenAI;
  private readonly dispatcher: Agent;

  constructor(private readonly endpoint: EndpointSettings) {
    // Node's own fetch gives up on headers and body after five minutes; a long generation may take longer.
    const timeouts = { headersTimeout: endpoint.timeoutMs, bodyTimeout: endpoint.timeoutMs };
    this.dispatcher = new Agent({ ...timeouts, keepAliveTimeout: 30_000, connections: 512 });
    this.client = new OpenAI({
      baseURL: endpoint.baseUrl,
      // The client insists on a key; servers without authentication ignore it.
      apiKey: endpoint.apiKey ?? 'none',
      maxRetries: 0,
      timeout: endpoint.timeoutMs,
      fetch: ((url: string, init: object) =>
        undiciFetch(url, { ...init, dispatcher: this.dispatcher })) as unknown as typeof fetch,
    });
  }

  async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    const body = {
      model: this.endpoint.wireNames?.[request.model] ?? request.model,
      messages: request.messages,
      temperature: request.sampling.temperature,
      top_p: request.sampling.topP,
      max_tokens: request.sampling.maxTokens,
      seed: request.seed,
    };
    try {
      return this.parse(await this.client.chat.completions.create(body, { signal }));
    } catch (error) {
      throw this.translate(error, request.model);
    }
  }

  async models(signal: AbortSignal): Promise<string[]> {
    try {
      // The page object would read an answer without `data` as an empty list.
      const answer: unknown = await this.client.get('/models', { signal });
      const parsed = modelListSchema.safeParse(answer);
      if (!parsed.success) throw this.nonsense('list of models', answer);
      return parsed.data.data.map(({ id }) => id);
    } catch (error) {
      throw this.translate(error, 'any');
    }
  }

  async close(): Promise<void> {
    await this.dispatcher.close();
  }

  private parse(answer: unknown): ChatCompletion {
    const parsed = completionSchema.safeParse(answer);
    const choice = parsed.data?.choices[0];
    if (!parsed.success || choice === undefined) {
      throw this.nonsense('chat completion', answer);
    }
    return {
      text: choice.message.content ?? '',
      finishReason:
        choice.finish_reason === 'stop' || choice.finish_reason === 'length' ? choice.finish_reason : 'other',
      usage: {
        promptTokens: parsed.data.usage?.prompt_tokens ?? 0,
        completionTokens: parsed.data.usage?.completion_tokens ?? 0,
      },
    };
  }

  private nonsense(wanted: string, answer: unknown): ProviderError {
    const shown = this.withoutKey(JSON.stringify(answer) ?? 'nothing').slice(0, 200);
    return new ProviderError(`${this.endpoint.baseUrl} answered something that is no ${wanted}: ${shown}`, {
      retryable: true,
    });
  }

  /** Some hosts repeat the key they refuse; messages end up in histories, logs and reports. */
  private withoutKey(text: string): string {
    const { apiKey } = this.endpoint;
    return apiKey ? text.replaceAll(apiKey, '[API key]') : text;
  }

  private translate(error: unknown, model: string): unknown {
    if (error instanceof ProviderError || error instanceof APIUserAbortError) return error;
    const where = `${this.endpoint.baseUrl} (model ${model})`;
    if (error instanceof APIConnectionTimeoutError) {
      return new ProviderError(`${where} gave no answer within ${this.endpoint.timeoutMs} ms`, {
        retryable: true,
        unreachable: true,
      });
    }
    if (error instanceof APIConnectionError || error instanceof SyntaxError || error instanceof TypeError) {
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

/** 404 is retryable: a name just published is loaded on first use, and a remote host may still be downloading it. */
const retryableStatuses = new Set([404, 408, 409, 425, 429]);

function statusError(error: APIError, where: string, message: string): ProviderError {
  const status = typeof error.status === 'number' ? error.status : undefined;
  const retryable = status === undefined || status >= 500 || retryableStatuses.has(status);
  // The client's message begins with the status. No cause: it holds the answer as it came, a repeated key included.
  return new ProviderError(`${where} answered ${message.slice(0, 500)}`, {
    status,
    retryable,
    retryAfterMs: retryAfterMs(error.headers),
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
