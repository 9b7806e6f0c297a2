/** The adapter of chat completions, connected to the local endpoint; one server for a whole test file. */
import { ProviderError } from '../../src/errors';
import type { ChatCompletion, ChatRequest } from '../../src/ports';
import { OpenAiEndpoint, type EndpointSettings } from '../../src/providers/openai-endpoint';
import { OpenAiInference } from '../../src/providers/openai-inference';
import { startLocalEndpoint, type LocalEndpoint } from './local-endpoint';

export const sampleRequest: ChatRequest = {
  model: 'gpt-small',
  messages: [{ role: 'user', content: '3+2*7+5-4*9=?' }],
  sampling: { temperature: 0.7, topP: 0.9, maxTokens: 96 },
  seed: 1_234_567,
};

export interface AskedEndpoint {
  server: LocalEndpoint;
  complete: (settings?: Partial<EndpointSettings>, signal?: AbortSignal) => Promise<ChatCompletion>;
  /** Asks, and returns what it fails with. */
  failure: (settings?: Partial<EndpointSettings>) => Promise<ProviderError>;
  close: () => Promise<void>;
}

export async function askedEndpoint(): Promise<AskedEndpoint> {
  const server = await startLocalEndpoint();
  const open: OpenAiEndpoint[] = [];
  const complete: AskedEndpoint['complete'] = async (settings = {}, signal = new AbortController().signal) => {
    const usual = {
      baseUrl: server.baseUrl,
      timeoutMs: 20_000,
      maxConcurrency: 8,
      apiKey: 'sk-0123456789',
      environment: {},
    };
    const endpoint = new OpenAiEndpoint({ ...usual, ...settings });
    open.push(endpoint);
    return new OpenAiInference(endpoint).complete(sampleRequest, signal);
  };
  return {
    server,
    complete,
    async failure(settings) {
      const thrown: unknown = await complete(settings).then(
        (completion) => new Error(`it answered ${JSON.stringify(completion)}`),
        (error: unknown) => error,
      );
      if (!(thrown instanceof ProviderError)) throw thrown;
      return thrown;
    },
    async close() {
      await server.close();
      await Promise.all(open.map((endpoint) => endpoint.close()));
    },
  };
}
