/**
 * Chat completions over the OpenAI API, through the `openai` client, at one configured endpoint. What is refused for load
 * is sent again when there is room; of other failures nothing is retried here: Temporal does that.
 */
import { z } from 'zod';
import type { ChatCompletion, ChatRequest, Inference } from '../ports';
import { isModelAskedFor, readCompletion } from './openai-completion';
import { endedBy, type OpenAiEndpoint } from './openai-endpoint';
import { errorInside } from './openai-errors';

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
    return this.endpoint.ask(request.model, signal, async () => {
      const { answer, headers } = await this.endpoint.complete(body, signal);
      return this.read(answer, { request, headers });
    });
  }

  async models(signal: AbortSignal): Promise<string[]> {
    try {
      // The page object would read an answer without `data` as an empty list.
      const answer: unknown = await this.endpoint.client.get('/models', endedBy(signal));
      const reported = errorInside(answer);
      if (reported !== undefined) throw this.endpoint.refused(reported, { model: 'any', headers: new Headers() });
      const parsed = modelListSchema.safeParse(answer);
      if (!parsed.success) throw this.endpoint.nonsense('list of models', answer);
      return this.endpoint.ownNames(parsed.data.data.map(({ id }) => id));
    } catch (error) {
      throw this.endpoint.translate(error, 'any');
    }
  }

  private read(answer: unknown, { request, headers }: { request: ChatRequest; headers: Headers }): ChatCompletion {
    const { model, sampling } = request;
    const reported = errorInside(answer);
    if (reported !== undefined) throw this.endpoint.refused(reported, { model, headers });
    const read = readCompletion(answer, sampling);
    if (read === undefined) throw this.endpoint.nonsense('chat completion', answer);
    if (!read.model) return read.completion;
    if (!isModelAskedFor(read.model, this.endpoint.namesOf(model)))
      throw this.endpoint.answeredByOther(model, read.model, read.completion.usage);
    const isSameName = [model, this.endpoint.wireName(model)].includes(read.model);
    return isSameName ? read.completion : { ...read.completion, answeredBy: read.model };
  }
}
