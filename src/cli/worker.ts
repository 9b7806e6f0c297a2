/** `maft worker`: serves the task queues (all, or one) until a signal, or until its parent is gone. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import { embeddedConcurrency, loadConfig, type MachineConfig } from '../machine/config';
import type { QueueRole } from '../contract/names';
import { ConfigError } from '../errors';
import { runningServers } from '../runs/find-servers';
import { connect, type TemporalTarget } from '../machine/temporal-client';
import { GpuPool, gpusForTrainings } from '../machine/gpus';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import { registerSearchAttributes } from '../machine/setup/search-attributes';
import { stderrListener } from '../machine/setup/progress';
import { openStore } from '../machine/open-store';
import { wireMachine, type WiredMachine } from '../wiring';
import { allRoles, startWorkers, turnsToFetch, type WorkerSettings } from '../worker';

interface WorkerOptions {
  queue: string[];
  gpus?: string;
  exitWithParent?: boolean;
}

export function register(program: Command): void {
  program
    .command('worker')
    .description('serve the task queues: workflows, light, llm, gpu (all of them by default)')
    .option('--queue <name...>', `queues to serve: ${allRoles.join(', ')}`, allRoles)
    .option(
      '--gpus <list>',
      'GPUs for trainings, one training each: indices or UUIDs, separated by commas (default: all)',
    )
    .option('--exit-with-parent', 'stop when standard input closes (used by `maft up`)')
    .addHelpText(
      'after',
      '\nExamples:\n  maft worker --queue gpu                 beside a running `maft up`\n  maft worker --queue gpu --gpus 2,3      one training each on two of the GPUs\n  TEMPORAL_ADDRESS=temporal:7233 MAFT_STORE=/shared/maft maft worker --queue gpu\n\nServers: TEMPORAL_ADDRESS, else a running `maft up` on this MAFT_HOME.\nMachines that serve queues of one namespace share one store (MAFT_STORE).',
    )
    .action((options: WorkerOptions) => serve(options).catch(leaveSoon));
}

/** Open connections and half-made workers would keep alive a process that serves nothing, so it would not be restarted. */
function leaveSoon(error: unknown): never {
  setTimeout(() => process.exit(), 1_000);
  throw error;
}

async function serve({ queue, gpus, exitWithParent }: WorkerOptions): Promise<void> {
  const roles = queue.map(roleOf);
  const { config, target } = withServersFound(loadConfig());
  const pool = await gpuPool(config, gpus);
  // Activity failures are shown where people look for them, in the Temporal UI; here they are warnings.
  // The core's own warnings (each poll it repeats while Temporal restarts) do not help an operator.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} };
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [], telemetryOptions: { logging } });
  const python = await ensurePythonEnvironment({ listener: stderrListener(), ownPython: config.python });
  const { connectionOptions, namespace } = target;
  const { apiKey, ...options } = connectionOptions;
  const key = typeof apiKey === 'function' ? apiKey() : apiKey;
  const clientConnection = await connect(target);
  const connection = await NativeConnection.connect({ ...options, apiKey: key });
  try {
    await reportMissingAttributes(clientConnection, namespace);
    await openStore(config).sweepAttempts(new Date());
    await work(
      { connection, namespace, roles, turnSlots: turnSlots(config), trainingSlots: trainingSlots(config, pool) },
      wireMachine(config, python.program, { connection: clientConnection, namespace }, pool),
      exitWithParent,
    );
  } finally {
    // In any case, an open connection, or waiting for our parent's end, must not keep us alive.
    await clientConnection.close();
    await connection.close();
    process.stdin.destroy();
  }
}

/** Uses the model server of a running `maft up`: without one, turns that this worker takes would fail. */
function withServersFound(config: MachineConfig): { config: MachineConfig; target: TemporalTarget } {
  const { target, modelServerUrl, engine } = runningServers(config);
  if (config.modelServer !== undefined) return { config, target };
  return { config: { ...config, modelServer: modelServerUrl ?? undefined, engine: engine ?? config.engine }, target };
}

async function reportMissingAttributes(connection: Connection, namespace: string): Promise<void> {
  const { missing } = await registerSearchAttributes(connection, namespace);
  for (const { name, reason } of missing)
    process.stderr.write(`search attribute ${name} cannot be registered: ${reason}\n`);
}

async function work(settings: WorkerSettings, machine: WiredMachine, exitWithParent = false): Promise<void> {
  try {
    const workers = await startWorkers(settings, machine.dependencies);
    process.stdout.write(`${JSON.stringify({ event: 'ready', queues: settings.roles })}\n`);
    onLeave(exitWithParent, workers.shutdown);
    // Beside the debate, which uses no torch here; a trainer that cannot start says so again when a job needs it.
    if (settings.roles.includes('gpu'))
      machine.warmUp().catch((error: Error) => process.stderr.write(`${error.message}\n`));
    await workers.finished;
  } finally {
    await machine.close();
  }
}

/** Undefined where trainings use no NVIDIA GPU. */
async function gpuPool({ trainer }: MachineConfig, list: string | undefined): Promise<GpuPool | undefined> {
  const gpus = await gpusForTrainings(list === undefined ? trainer : { ...trainer, gpus: list.split(',') });
  return gpus.length === 0 ? undefined : new GpuPool(gpus);
}

function roleOf(name: string): QueueRole {
  const role = allRoles.find((known) => known === name);
  if (role !== undefined) return role;
  throw new ConfigError(`--queue ${name}: there is no such queue; known are ${allRoles.join(', ')}`);
}

function onLeave(withParent: boolean, shutdown: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, shutdown);
  if (!withParent) return;
  process.stdin.on('end', () => {
    shutdown();
    // With the parent gone there is no reason to end gracefully; the trainer notices our end by itself.
    setTimeout(() => process.exit(1), 2_000).unref();
  });
  process.stdin.resume();
}

/** Enough to keep all configured endpoints busy; each gets at most `maxConcurrency` calls at a time. */
function turnSlots(config: MachineConfig): number {
  const embedded = config.modelServer === undefined ? 0 : embeddedConcurrency;
  const others = Object.values(config.endpoints).reduce((sum, { maxConcurrency }) => sum + maxConcurrency, 0);
  return turnsToFetch(Math.max(1, embedded + others));
}

/** On a CPU one training per core with one thread each is faster than one with all; a GPU trains one at a time. */
function trainingSlots({ trainer }: MachineConfig, pool: GpuPool | undefined): number {
  if (trainer.slots !== undefined) return trainer.slots;
  if (pool !== undefined) return pool.gpus.length;
  const isAlone = trainer.device === 'cuda' || trainer.device === 'mps';
  return isAlone ? 1 : Math.max(1, Math.floor(availableParallelism() / trainer.threads));
}
