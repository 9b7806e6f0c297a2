/**
 * Records whole histories of small runs for the replay test, as `temporal workflow show --output json` prints them, and
 * never edits them. Run it (`npm run record-histories`) after a change of the workflows that is meant to be incompatible
 * with open runs; any other change must replay what is recorded already.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { loadConfig } from '../../src/machine/config';
import { evaluateWorkflowId, finetuneWorkflowId, rootWorkflowId, shardWorkflowId } from '../../src/domain/identifiers';
import { ProviderError } from '../../src/errors';
import { repositoryRoot } from '../../src/machine/paths';
import { prepareMachine } from '../../src/machine/setup/prepare-machine';
import { stderrListener } from '../../src/machine/setup/progress';
import { allRoles, startWorkers } from '../../src/worker';
import { smallSpecification } from './activity-world';
import { fakeWorld, type FakeWorld } from './fake-ports';
import { until } from './namespace';
import { bundleSources, sourceBundle } from './source-bundle';
import { startTemporalServer } from './temporal-server';

/** Instead of this machine's name and process, which belong in no repository. */
const identity = 'recorder';

interface Recorder {
  world: FakeWorld;
  client: Client;
  /** Writes `test/histories/<file>.json`. */
  save: (file: string, workflowId: string, runId?: string) => Promise<void>;
}

async function main(): Promise<void> {
  // A failure's stack names folders of this machine.
  Error.stackTraceLimit = 0;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { temporal } = await prepareMachine(
    { ...loadConfig(), temporal: { address: undefined, namespace: 'default' } },
    stderrListener(),
  );
  if (temporal === undefined) throw new Error('no Temporal CLI');
  const { address, child } = await startTemporalServer(temporal.program);
  const folder = await mkdtemp(path.join(tmpdir(), 'maft-record-'));
  try {
    await bundleSources();
    await record(temporal.program, address, fakeWorld(folder));
  } finally {
    child.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
}

async function record(program: string, address: string, world: FakeWorld): Promise<void> {
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, identity });
  const settings = { connection: native, namespace: 'default', roles: allRoles, turnSlots: 20, trainingSlots: 2 };
  const workers = await startWorkers({ ...settings, workflowBundle: sourceBundle(), identity }, world.dependencies);
  const recorder = { world, client, save: saver(program, address) };
  await recordWholeRun(recorder);
  await recordPause(recorder);
  await recordCancellation(recorder);
  workers.shutdown();
  await workers.finished;
  await native.close();
  await connection.close();
}

/** Two iterations, one evaluation problem that fails, votes over nine at the first and the last evaluation. */
async function recordWholeRun({ world, client, save }: Recorder): Promise<void> {
  const poisoned = new Set<string>();
  world.inference.trouble = ({ messages }) => {
    const question = messages[0]?.content ?? '';
    if (poisoned.size === 0) poisoned.add(question);
    return poisoned.has(question) ? new ProviderError('400: refused', { status: 400, retryable: false }) : undefined;
  };
  const changes = {
    iterations: 2,
    limits: { maxFailedShare: 0.3 },
    execution: { shardSize: 2, shardsInFlight: 1, problemsInFlight: 1 },
  };
  const handle = await start(client, 'recorded', smallSpecification(changes));
  await handle.result();
  await save('run-first', handle.workflowId, handle.firstExecutionRunId);
  await save('run-continued', handle.workflowId, (await client.workflow.getHandle(handle.workflowId).describe()).runId);
  await save('shard-training', shardWorkflowId('recorded', 1, 'train', 0));
  await save('shard-evaluation-with-a-failed-problem', shardWorkflowId('recorded', 0, 'eval', 0));
  await save('finetune', finetuneWorkflowId('recorded', 1));
  await save('evaluate', evaluateWorkflowId('recorded', 1));
  world.inference.trouble = () => undefined;
}

async function recordPause({ world, client, save }: Recorder): Promise<void> {
  world.inference.delayMs = 100;
  const handle = await start(
    client,
    'paused',
    smallSpecification({ seed: 1, iterations: 0, execution: { shardSize: 2 } }),
  );
  const shard = shardWorkflowId('paused', 0, 'eval', 0);
  await until(
    async () => (await client.workflow.getHandle(shard).describe()).status.name === 'RUNNING',
    'a shard is open',
  );
  await handle.signal('pause', 'lunch');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await handle.signal('resume');
  await handle.result();
  await save('run-paused', handle.workflowId);
  await save('shard-paused', shard);
  world.inference.delayMs = 0;
}

async function recordCancellation({ world, client, save }: Recorder): Promise<void> {
  world.inference.delayMs = 200;
  const before = world.inference.requests.length;
  const handle = await start(client, 'cancelled', smallSpecification({ seed: 2 }));
  await until(() => world.inference.requests.length > before, 'a model is asked');
  await handle.cancel();
  await handle.result().catch(() => undefined);
  await save('run-cancelled', handle.workflowId);
}

function start(client: Client, runId: string, specification: object) {
  const options = { workflowId: rootWorkflowId(runId), taskQueue: 'maft', args: [specification] };
  return client.workflow.start('multiagentFinetuning', options);
}

function saver(program: string, address: string): Recorder['save'] {
  const folder = path.join(repositoryRoot(), 'test', 'histories');
  return async (file, workflowId, runId) => {
    const which = ['--workflow-id', workflowId, ...(runId === undefined ? [] : ['--run-id', runId])];
    const show = ['workflow', 'show', '--address', address, '--output', 'json', ...which];
    const { stdout } = await promisify(execFile)(program, show, { maxBuffer: 64 * 1024 * 1024 });
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, `${file}.json`), stdout);
    process.stderr.write(`recorded ${file}\n`);
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
