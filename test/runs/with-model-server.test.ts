/** Which model server a command without a workflow uses. None is started here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Society } from '../../src/contract/society';
import { withModelServer } from '../../src/runs/with-model-server';
import { json, startLocalEndpoint, type LocalEndpoint } from '../support/local-endpoint';
import { writeRunningPlatform } from '../support/running-platform';

const environment = { ...process.env };
const model = { base: 'models/tiny-arithmetic', endpoint: 'embedded' };
let maftHome: string;
let server: LocalEndpoint;

beforeAll(async () => (server = await startLocalEndpoint()));
afterAll(() => server.close());
beforeEach(() => {
  maftHome = mkdtempSync(join(tmpdir(), 'maft-model-server-'));
  for (const name of Object.keys(process.env)) if (/^(MAFT|TEMPORAL)_/.test(name)) delete process.env[name];
  // Whoever sets up Python here is about to start a server.
  Object.assign(process.env, { MAFT_HOME: maftHome, MAFT_PYTHON: join(maftHome, 'no-python') });
});
afterEach(() => {
  process.env = { ...environment };
  rmSync(maftHome, { recursive: true });
});

function platformRuns(engine: 'maft' | 'vllm' = 'maft'): void {
  writeRunningPlatform(maftHome, { uiUrl: null, modelServerUrl: server.baseUrl.replace('/v1', ''), engine });
}

const said: string[] = [];
const used = (wanted: typeof model, society?: Pick<Society, 'agents'>) => {
  const listener = (line: string) => void said.push(line);
  const request = { specification: { model: wanted }, society, listener, interrupted: new AbortController().signal };
  return withModelServer(request, async ({ modelServer }) => modelServer);
};

test('models behind endpoints of config.yaml need no server', async () =>
  expect(await used({ ...model, endpoint: 'elsewhere' })).toBeUndefined());

test('MAFT_MODEL_SERVER is used without asking', async () => {
  process.env.MAFT_MODEL_SERVER = 'http://127.0.0.1:9/v1';
  expect(await used(model)).toBe('http://127.0.0.1:9');
});

test('the server of a running `maft up` is used where it serves the model', async () => {
  platformRuns();
  server.answer = json(200, { data: [{ id: 'models/tiny-arithmetic' }] });
  expect(await used(model)).toBe(server.baseUrl.replace('/v1', ''));
});

test.each([
  ['another model', json(200, { data: [{ id: 'models/other' }] })],
  ['nothing yet', json(503, { error: { message: 'starting' } })],
])('where it serves %s, a server of the command takes its place, and the user is told', async (_, answer) => {
  platformRuns();
  server.answer = answer;
  await expect(used(model)).rejects.toThrow('no-python');
  expect(said.at(-1)).toMatch(/^the model server at .* does not serve models\/tiny-arithmetic now: starting/);
});

test('a running vLLM answers for a society of adapters; for full weights a server of the command takes its place', async () => {
  platformRuns('vllm');
  server.answer = json(200, { data: [{ id: 'models/tiny-arithmetic' }] });
  const society = {
    agents: { 'generation-1': { model: 'run.i1.generation-1.00', trainedIn: 1, endpoint: 'embedded' } },
  };
  await expect(used(model, society)).rejects.toThrow('no-python');
  expect(said.at(-1)).toMatch(/does not serve run\.i1\.generation-1\.00 \(full weights\) now: starting/);
  mkdirSync(join(maftHome, 'models', 'run.i1.generation-1.00'), { recursive: true });
  writeFileSync(join(maftHome, 'models', 'run.i1.generation-1.00', 'adapter_config.json'), '{}');
  expect(await used(model, society)).toBe(server.baseUrl.replace('/v1', ''));
});
