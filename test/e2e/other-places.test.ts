/**
 * A run whose store is no folder and whose trainer is another process with its own folder and its own endpoint: real workflows,
 * activities, model servers and trainings; the ports are all that joins them. Its one paid door refuses first, then records.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createActivities } from '../../activities';
import type { StoredCompletion } from '../../src/contract/completion';
import { requireSociety } from '../../src/artifacts/societies';
import { readSealed, requireSealed } from '../../src/artifacts/sealed';
import type { RunOutcome, RunProgress, RunRecord } from '../../src/contract/run';
import type { Measures } from '../../src/contract/measures';
import type { WeightsRecord } from '../../src/contract/training-job';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { PaymentRefused } from '../../src/errors';
import { demoModelDirectory } from '../../src/machine/paths';
import { OpenAiEndpoint } from '../../src/providers/openai-endpoint';
import { OpenAiInference } from '../../src/providers/openai-inference';
import { OpenAiScoring } from '../../src/providers/openai-scoring';
import { paidInference, paidScoring, paidTrainer } from '../../src/providers/paid-door';
import { readReport } from '../../src/stored-runs/stored-run';
import { fakeWorld } from '../support/fake-ports';
import { MemoryArtifactStore } from '../support/memory-store';
import { startModelServer } from '../support/model-server';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { RecordingLedger } from '../support/recording-ledger';
import { RemoteTrainer, startRemoteTrainer } from '../support/remote-trainer';

const base = 'models/tiny-arithmetic';
const runId = 'elsewhere';
const store = new MemoryArtifactStore();
const ledger = new RecordingLedger();
const closing: (() => unknown)[] = [];
let folder: string;
let namespace: TestNamespace;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'maft-elsewhere-'));
  const models = path.join(folder, 'models');
  mkdirSync(models);
  const served = { folder: demoModelDirectory(), name: base };
  const [embedded, remote, host, made] = await Promise.all([
    startModelServer(served),
    startModelServer({ ...served, models }),
    startRemoteTrainer(folder),
    createNamespace(),
  ]);
  namespace = made;
  const endpointOf = ({ baseUrl }: typeof embedded) =>
    new OpenAiEndpoint({ baseUrl, timeoutMs: 60_000, maxConcurrency: 16 });
  const endpoints: Record<string, OpenAiEndpoint> = { embedded: endpointOf(embedded), remote: endpointOf(remote) };
  const trainers: Record<string, RemoteTrainer> = { remote: new RemoteTrainer(host.url, 'remote', store) };
  const workers = await namespace.serve(
    createActivities({
      ...fakeWorld(folder).dependencies,
      store,
      inference: (by, account = '') => paidInference(ledger, { by, account }, new OpenAiInference(endpoints[by]!)),
      scoring: (by, account = '') => paidScoring(ledger, { by, account }, new OpenAiScoring(endpoints[by]!)),
      trainer: (name) => paidTrainer(ledger, name, trainers[name]!),
      platform: { registeredSearchAttributes: async () => [] },
    }),
  );
  closing.push(() => (workers.shutdown(), workers.finished), namespace.close, host.close);
  closing.push(...Object.values(endpoints).map((endpoint) => () => endpoint.close()), embedded.close, remote.close);
});
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

const specification = {
  seed: 3,
  task: { kind: 'arithmetic', max: 10, train: 6, eval: 2 },
  method: { prompts: 'compact', members: 2 },
  iterations: 2,
  model: { base },
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  finetuning: { trainer: 'remote', weights: 'full', epochs: 1, maxLength: 400 },
  evaluation: { measures: ['kl-base'], votes: { at: 'never' } },
};
const trainedAgents = ['generation-1', 'generation-2', 'critic-1', 'critic-2'];

test('a refused payment pauses the run with its reason; resumed, it ends as any run does', async () => {
  ledger.refusal = () => new PaymentRefused('the limit of 5 EUR is reached: raise it, then resume');
  const handle = await namespace.client.workflow.start('multiagentFinetuning', {
    workflowId: `maft/${runId}`,
    taskQueue: 'maft',
    args: [specification],
  });
  const progress = () => handle.query<RunProgress>('progress');
  await until(async () => (await progress()).openChildren.length > 0, 'the evaluation opens');
  const shard = namespace.client.workflow.getHandle(`maft/${runId}/iteration-0/evaluate/shard-00`);
  await until(async () => (await shard.query<RunProgress>('progress')).paused, 'the shard pauses');
  expect((await shard.query<RunProgress>('progress')).pauseReason).toMatch(/the limit of 5 EUR is reached/);
  expect(ledger.entries).toEqual([]);
  ledger.refusal = () => undefined;
  await until(async () => (await progress()).paused, 'the run is paused');
  await handle.signal('resume');
  const outcome = (await handle.result()) as RunOutcome;
  expect(Object.keys(outcome.accuracy)).toEqual(['0', '1', '2']);
  const report = await readReport(store, runId);
  expect(report.state).toBe('completed');
  expect(new Set(report.points.map(({ iteration }) => iteration))).toEqual(new Set([0, 1, 2]));
});

test('its weights lie with the trainer alone, are continued by name, and answer at the endpoint it named', async () => {
  const record = await requireSealed<RunRecord>(store, runKeys.record(runId));
  const weights = await Promise.all(
    [1, 2].flatMap((iteration) =>
      trainedAgents.map((agent) =>
        requireSealed<WeightsRecord>(store, iterationKeys.weights({ runId, iteration }, agent)),
      ),
    ),
  );
  const trained = weights.filter(({ outcome }) => outcome === 'trained');
  expect(trained.some(({ iteration }) => iteration === 2)).toBe(true);
  expect(trained.every(({ endpoint }) => endpoint === 'remote')).toBe(true);
  expect(readdirSync(path.join(folder, 'models')).sort()).toEqual(trained.map(({ model }) => model).sort());
  expect(await store.list('models')).toEqual([]);

  const { agents } = await requireSociety(store, record, 2);
  const asked = [...store.artifacts.keys()].filter((key) => /iteration-2\/turns\/eval\/.*\/[a-z]+-\d\.json$/.test(key));
  expect(asked).toHaveLength(2 * 2 * 2);
  for (const key of asked) {
    const { model, endpoint } = (await readSealed<StoredCompletion>(store, key))!;
    expect(endpoint).toBe(model === base ? 'embedded' : 'remote');
    expect(agents[path.basename(key, '.json')]).toMatchObject({ model, endpoint });
  }
  const measures = await requireSealed<Measures>(store, iterationKeys.measures({ runId, iteration: 2 }));
  // Each response was read by its agent's model at one endpoint, and by the base at the other.
  expect([measures.klFromBase.generation.kind, measures.klFromBase.critic.kind]).toEqual(['measured', 'measured']);
});

test('the door’s entries are the run’s books, and no artifact names a place on a host', async () => {
  const { timings } = await readReport(store, runId);
  const sumOf = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);
  const completions = ledger.of('completion');
  expect(sumOf(timings.map(({ counts }) => counts.calls))).toBe(completions.length);
  expect(sumOf(timings.map(({ counts }) => counts.completionTokens))).toBe(
    sumOf(completions.map(({ completionTokens }) => completionTokens!)),
  );
  expect(ledger.of('score').length).toBeGreaterThan(0);
  expect(ledger.of('training').every(({ by, outcome }) => by === 'remote' && outcome === 'done')).toBe(true);
  const naming = [...store.artifacts].filter(([, bytes]) => bytes.includes(folder) || bytes.includes(process.cwd()));
  expect(naming.map(([key]) => key)).toEqual([]);
});
