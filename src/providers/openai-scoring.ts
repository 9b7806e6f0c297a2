/**
 * Scoring over the routes that `maft.serve` and vLLM share: `/tokenize` (beside `/v1`), `/v1/completions` with
 * `prompt_logprobs` over token ids, `/v1/embeddings`. Hosts that only chat lack them: `UnsupportedByEndpoint`.
 */
import { randomUUID } from 'node:crypto';
import { APIError } from 'openai';
import { z } from 'zod';
import { UnsupportedByEndpoint } from '../errors';
import type { Scoring, TextToTokenize, TokenizedText } from '../ports';
import type { OpenAiEndpoint } from './openai-endpoint';
import { errorInside } from './openai-errors';

const tokenizedSchema = z.object({ tokens: z.array(z.int().min(0)), max_model_len: z.int().min(1).nullish() });

const scoredSchema = z.object({
  choices: z.array(z.object({ index: z.int(), prompt_logprobs: z.array(z.unknown()).nullish() })).min(1),
});

const embeddedSchema = z.object({
  data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()).min(1) })).min(1),
});

interface Call {
  address: string;
  model: string;
  body: object;
}

export class OpenAiScoring implements Scoring {
  constructor(private readonly endpoint: OpenAiEndpoint) {}

  async tokenize(text: TextToTokenize, signal: AbortSignal): Promise<TokenizedText> {
    const what =
      'text' in text
        ? // The second is of maft.serve: what an agent said spells no special token. vLLM passes it over.
          { prompt: text.text, add_special_tokens: false, split_special_tokens: true }
        : { messages: text.messages, add_generation_prompt: text.openTurn };
    const answer = await this.ask({ address: this.tokenizeAddress(), model: text.model, body: what }, signal);
    const parsed = tokenizedSchema.safeParse(answer);
    // Some servers ignore a chat they do not understand, and answer with no tokens at all.
    if (!parsed.success || ('messages' in text && parsed.data.tokens.length === 0)) {
      throw this.endpoint.nonsense('list of tokens', answer);
    }
    return { tokens: parsed.data.tokens, limit: parsed.data.max_model_len ?? undefined };
  }

  async logProbabilities(
    { model, texts }: { model: string; texts: readonly (readonly number[])[] },
    signal: AbortSignal,
  ): Promise<(number | null)[][]> {
    // Nothing is to be written, but vLLM takes max_tokens 0 with echo only.
    const body = { prompt: texts, max_tokens: 0, echo: true, prompt_logprobs: 0, temperature: 0, ...unshared() };
    const answer = await this.ask({ address: '/completions', model, body }, signal);
    const parsed = scoredSchema.safeParse(answer);
    const choices = parsed.data?.choices ?? [];
    const ordered = [...choices].sort((left, right) => left.index - right.index);
    if (!parsed.success || ordered.length !== texts.length) throw this.endpoint.nonsense('scored completion', answer);
    return texts.map((tokens, place) => this.readLogProbabilities(tokens, ordered[place]?.prompt_logprobs));
  }

  async embed({ model, texts }: { model: string; texts: readonly string[] }, signal: AbortSignal): Promise<number[][]> {
    const body = { input: texts, encoding_format: 'float' };
    const answer = await this.ask({ address: '/embeddings', model, body }, signal);
    const parsed = embeddedSchema.safeParse(answer);
    const vectors = [...(parsed.data?.data ?? [])]
      .sort((left, right) => left.index - right.index)
      .map(({ embedding }) => embedding);
    const isWhole = vectors.length === texts.length && vectors.every(({ length }) => length === vectors[0]?.length);
    if (!isWhole) throw this.endpoint.nonsense('list of embeddings', answer);
    return vectors;
  }

  /** vLLM's shape: per token an object keyed by token id, which holds the token itself; null for the first. */
  private readLogProbabilities(tokens: readonly number[], entries: readonly unknown[] | null | undefined) {
    if (entries === null || entries === undefined) {
      throw new UnsupportedByEndpoint(`${this.endpoint.baseUrl} gives no log-probabilities of prompts`);
    }
    if (entries.length !== tokens.length) {
      throw this.endpoint.nonsense(`list of ${tokens.length} log-probabilities`, { length: entries.length });
    }
    return tokens.map((token, position) => (position === 0 ? null : this.logProbabilityOf(token, entries[position])));
  }

  private logProbabilityOf(token: number, entry: unknown): number {
    const found: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, String(token)) : undefined;
    const value: unknown = typeof found === 'object' && found !== null ? Reflect.get(found, 'logprob') : undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.endpoint.nonsense(`log-probability of token ${token}`, entry ?? null);
  }

  private async ask({ address, model, body }: Call, signal: AbortSignal): Promise<unknown> {
    return this.endpoint.ask(model, signal, async () => {
      try {
        const answer = await this.endpoint.post(address, { model: this.endpoint.wireName(model), ...body }, signal);
        const reported = errorInside(answer);
        if (reported === undefined) return answer;
        if (isLackedRoute(reported.status, reported.reason)) throw this.lacking(address, reported.status);
        throw this.endpoint.refused(reported, { model, headers: new Headers() });
      } catch (error) {
        throw error instanceof APIError ? this.lackingIfSaid(error, { address, model }) : error;
      }
    });
  }

  /** The error itself if it says something else. */
  private lackingIfSaid(error: APIError, { address, model }: Omit<Call, 'body'>): unknown {
    const status = error.status as number;
    if (isLackedRoute(status, error.message)) return this.lacking(address, status);
    if (!keyRefusals.has(status)) return error;
    const failure = this.endpoint.translate(error, model) as Error;
    return new UnsupportedByEndpoint(failure.message);
  }

  private lacking(address: string, status: number | undefined): UnsupportedByEndpoint {
    const route = address.replace(/^https?:\/\/[^/]+/, '');
    return new UnsupportedByEndpoint(`${this.endpoint.baseUrl} has no ${route} that scores (HTTP ${status})`);
  }

  /** vLLM serves it beside `/v1`, not below it. */
  private tokenizeAddress(): string {
    return `${this.endpoint.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/tokenize`;
  }
}

/**
 * A prefix that vLLM has in its cache gives no log-probabilities, and may be of other weights. Newer versions leave the cache
 * out of such requests; for the older ones a salt of its own keeps each request from finding anything there.
 */
function unshared(): { cache_salt: string } {
  return { cache_salt: randomUUID() };
}

/** Keys of hosted APIs are often good for some routes only; debates go on, without these measures. */
const keyRefusals = new Set([401, 403]);

/** An unknown model is also a 404 but not a lacking route: it may be about to be loaded. */
function isLackedRoute(status: number | undefined, message: string): boolean {
  if (status === 405 || status === 501) return true;
  if (status === 404) return !/model .*(does not exist|not found|unknown)/is.test(message);
  return status === 400 && /prompt_logprobs|unrecogni[sz]ed request argument/i.test(message);
}
