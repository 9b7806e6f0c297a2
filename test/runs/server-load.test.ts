/** The words about a model server in the progress line, over a real local server. */
import { createLoadReader, serversOf } from '../../src/runs/server-load';
import { startLocalEndpoint, type LocalEndpoint } from '../support/local-endpoint';

let server: LocalEndpoint;
let url: string;
beforeAll(async () => {
  server = await startLocalEndpoint();
  url = server.baseUrl.replace('/v1', '');
});
afterAll(() => server.close());

function shows(text: string): void {
  server.answer = (_request, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
}

test('running, waiting, and the tokens per second between two readings', async () => {
  let now = 1_000;
  const read = createLoadReader([url], () => now);
  const metrics = (written: number) =>
    `vllm:num_requests_running 12\nvllm:num_requests_waiting 3\nvllm:generation_tokens_total ${written}\n`;
  shows(metrics(100));
  expect(await read()).toBe('vLLM: 12 running, 3 waiting');
  now += 2_000;
  shows(metrics(580));
  expect(await read()).toBe('vLLM: 12 running, 3 waiting, 240 tokens/s');
  // Started again: its counter begins anew.
  shows(metrics(5));
  now += 2_000;
  expect(await read()).toBe('vLLM: 12 running, 3 waiting');
});

test('what a server does not show is not said: neither zeros nor errors', async () => {
  const read = createLoadReader([url]);
  shows('vllm:num_requests_waiting 0\n');
  expect(await read()).toBe('vLLM: 0 waiting');
  shows('maft_waiting_rows 3\n');
  expect(await read()).toBe('');
  expect(await createLoadReader(['http://127.0.0.1:1'])()).toBe('');
});

test('the servers of a run are those of its bases: the embedded one, and endpoints of config.yaml', () => {
  const endpoint = { baseUrl: 'http://gpu:8000/v1', maxConcurrency: 1, timeoutSeconds: 1, models: {} };
  const members = [{ base: 'b', endpoint: 'vllm' }, { base: 'a' }];
  const specification = { model: { base: 'a', endpoint: 'embedded', members } };
  expect(serversOf(specification, { endpoints: { vllm: endpoint } }, 'http://127.0.0.1:8237')).toEqual([
    'http://127.0.0.1:8237',
    'http://gpu:8000',
  ]);
  expect(serversOf(specification, { endpoints: {} }, null)).toEqual([]);
});
