/**
 * Chat completions over the OpenAI API, through the `openai` client, at one configured endpoint.
 * Never retries: Temporal does, honouring Retry-After (architecture, section 6).
 */
import { z } from 'zod';
import type { ChatCompletion, ChatRequest, Inference } from '../ports';
import { endedBy, type OpenAiEndpoint } from './openai-endpoint';

/** What of an answer is used; a server may send more. Text may be null where a provider withholds it. */
const completionSchema = z.object({
  choices: z
    .array(z.object({ message: z.object({ content: z.string().nullable() }), finish_reason: z.string().nullish() }))
    .min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

const modelListSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

export class OpenAiInference implements Inference {
  constructor(private readonly endpoint: OpenAiEndpoint) {}

  async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    const body = {
      model: this.endpoint.wireName(request.model),
      messages: request.messages,
      temperature: request.sampling.temperature,
      top_p: request.sampling.topP,
      max_tokens: request.sampling.maxTokens,
      seed: request.seed,
    };
    try {
      return this.parse(await this.endpoint.client.chat.completions.create(body, endedBy(signal)));
    } catch (error) {
      throw this.endpoint.translate(error, request.model);
    }
  }

  async models(signal: AbortSignal): Promise<string[]> {
    try {
      // The page object would read an answer without `data` as an empty list.
      const answer: unknown = await this.endpoint.client.get('/models', endedBy(signal));
      const parsed = modelListSchema.safeParse(answer);
      if (!parsed.success) throw this.endpoint.nonsense('list of models', answer);
      return this.endpoint.ownNames(parsed.data.data.map(({ id }) => id));
    } catch (error) {
      throw this.endpoint.translate(error, 'any');
    }
  }

  private parse(answer: unknown): ChatCompletion {
    const parsed = completionSchema.safeParse(answer);
    const choice = parsed.data?.choices[0];
    if (!parsed.success || choice === undefined) {
      throw this.endpoint.nonsense('chat completion', answer);
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
}
