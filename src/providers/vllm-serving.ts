/** What a vLLM says of itself, asked without a completion: `/v1/models`, `/version` and `/metrics`. */
import { z } from 'zod';
import type { Serving, VllmFacts } from '../ports';
import { endedBy, type OpenAiEndpoint } from './openai-endpoint';
import { vllmLoad } from '../domain/server-load';

const listSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      owned_by: z.string().nullish(),
      /** What `vllm serve` was given, whatever name it serves it by. */
      root: z.string().nullish(),
    }),
  ),
});

const versionSchema = z.object({ version: z.string() });

export class VllmServing implements Serving {
  /** @param onProcessor Whether this machine has started it, without a GPU. */
  constructor(
    private readonly endpoint: OpenAiEndpoint,
    private readonly onProcessor = false,
  ) {}

  async vllm(model: string, signal: AbortSignal): Promise<VllmFacts | undefined> {
    const listed = listSchema.safeParse(await this.get('/models', signal));
    const card = listed.data?.data.find(({ id }) => id === this.endpoint.wireName(model));
    if (card?.owned_by !== 'vllm') return undefined;
    const [version, metrics] = await Promise.all([
      this.unlessRefused('/version', signal),
      this.unlessRefused('/metrics', signal),
    ]);
    return {
      name: card.id,
      startedWith: card.root ?? undefined,
      version: versionSchema.safeParse(version).data?.version,
      onProcessor: this.onProcessor,
      maxLoras: typeof metrics === 'string' ? vllmLoad(metrics).maxLoras : undefined,
    };
  }

  /** Both stand beside `/v1`; a proxy may let neither through. */
  private async unlessRefused(path: string, signal: AbortSignal): Promise<unknown> {
    const beside = this.endpoint.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '');
    return this.get(`${beside}${path}`, signal).catch(() => {
      signal.throwIfAborted();
      return undefined;
    });
  }

  private async get(address: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.endpoint.client.get(address, endedBy(signal));
    } catch (error) {
      throw this.endpoint.translate(error, 'any');
    }
  }
}
