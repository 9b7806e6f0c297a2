/** What a vLLM says of itself, over a real local server. */
import { OpenAiEndpoint } from '../../src/providers/openai-endpoint';
import { VllmServing } from '../../src/providers/vllm-serving';
import { json, startLocalEndpoint, type LocalEndpoint } from '../support/local-endpoint';

let server: LocalEndpoint;
let endpoint: OpenAiEndpoint;
beforeAll(async () => {
  server = await startLocalEndpoint();
  endpoint = new OpenAiEndpoint({ baseUrl: server.baseUrl, timeoutMs: 5_000, maxConcurrency: 4 });
});
afterAll(async () => {
  await endpoint.close();
  await server.close();
});

const ask = () => new VllmServing(endpoint).vllm('base', new AbortController().signal);

function answers(byPath: Record<string, unknown>): void {
  server.answer = (request, response) => {
    const content = byPath[request.path];
    if (typeof content !== 'string') return json(content === undefined ? 404 : 200, content ?? {})(request, response);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(content);
  };
}

const card = { id: 'base', owned_by: 'vllm', root: '/models/base' };

test('the name it was started with, its version and how many adapters it mixes', async () => {
  const metrics = 'vllm:lora_requests_info{max_lora="6",running_lora_adapters=""} 1.0\n';
  answers({ '/v1/models': { data: [card] }, '/version': { version: '0.32.0' }, '/metrics': metrics });
  expect(await ask()).toEqual({
    name: 'base',
    startedWith: '/models/base',
    version: '0.32.0',
    maxLoras: 6,
    onProcessor: false,
  });
});

test('a proxy that hides version and metrics leaves them unknown', async () => {
  answers({ '/v1/models': { data: [card] } });
  expect(await ask()).toEqual({
    name: 'base',
    startedWith: '/models/base',
    version: undefined,
    maxLoras: undefined,
    onProcessor: false,
  });
});

test('another server, or one without the model, is no vLLM', async () => {
  answers({ '/v1/models': { data: [{ ...card, owned_by: 'maft' }] } });
  expect(await ask()).toBeUndefined();
  answers({ '/v1/models': { data: [{ ...card, id: 'other' }] } });
  expect(await ask()).toBeUndefined();
});
