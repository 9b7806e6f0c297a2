/** The three programs of a platform: the arguments of each, and how to check that it answers. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { searchAttributeTypes } from '../../contract/names';
import { cacheDirectory, commandLineScript, guardScript } from '../paths';
import { maftEnvironment, maftModule } from '../python-start';
import type { BaseModel } from '../setup/model-folder';
import { usualHealthCheck } from './health';
import { loopback } from './ports';
import type { Program } from './supervised-process';

const temporalGraceMs = 8_000;

/**
 * SQLite with a write-ahead log that is synced at checkpoints, not at every commit: several times the turns per second.
 * `kill -9` of the server loses nothing; only a power cut may lose the last commits, and the runs then go on from the store.
 */
export const sqlitePragmas = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'];

/** The server spreads a task queue over four partitions that forward to each other; one machine's workers need one. */
export const oneQueuePartition = [
  '--dynamic-config-value',
  'matching.numTaskqueueReadPartitions=1',
  '--dynamic-config-value',
  'matching.numTaskqueueWritePartitions=1',
];

export interface TemporalServerOptions {
  /** The `temporal` program. */
  program: string;
  databaseFile: string;
  port: number;
  uiPort: number;
  namespace: string;
}

/** A Temporal dev server with its UI and a database file, under a guard: the program itself outlives its parent. */
export function temporalServer(options: TemporalServerOptions): Program {
  const address = `${loopback}:${options.port}`;
  const searchAttributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
  const serverArguments = ['server', 'start-dev', '--ip', loopback, '--port', String(options.port)];
  // The server's HTTP API takes a text/plain post from any web page and has no off switch, so no host name is allowed.
  const closedDoors = ['--dynamic-config-value', 'frontend.httpAllowedHosts=["closed.invalid"]'];
  const uiArguments = ['--ui-ip', loopback, '--ui-port', String(options.uiPort), '--ui-disable-news-fetch'];
  const storage = [
    '--db-filename',
    options.databaseFile,
    '--namespace',
    options.namespace,
    '--log-level',
    'error',
    ...sqlitePragmas,
  ];
  return {
    name: 'temporal',
    title: 'the Temporal server',
    command: process.execPath,
    arguments: [
      ...[guardScript(), String(temporalGraceMs - 1_000)],
      ...[
        options.program,
        ...serverArguments,
        ...closedDoors,
        ...oneQueuePartition,
        ...uiArguments,
        ...storage,
        ...searchAttributes,
      ],
    ],
    marker: options.databaseFile,
    probe: (signal) => untilTemporalAnswers(address, options.namespace, signal),
    health: { ...usualHealthCheck, ask: (signal) => untilTemporalAnswers(address, options.namespace, signal) },
    readyTimeoutMs: 60_000,
    graceMs: temporalGraceMs,
  };
}

export interface ModelServerOptions {
  python: string;
  /** Folder of the base model, the name that requests call it by, and further ones. */
  model: BaseModel;
  /** `<store>/models`: weight versions are found here by name on first use. */
  modelsDirectory: string;
  port: number;
  /** Torch threads; undefined: one for a small model, else the server's choice. */
  threads?: number;
  maxBatch?: number;
  maxLoaded?: number;
  cacheGib?: number;
  precision?: string;
}

/** Weights below this are decoded faster by one thread than by several, which mostly wait for each other. */
const smallModelBytes = 64 * 1024 * 1024;

/** One for a small model; undefined leaves the choice to the server. */
function threadsFor(folder: string): number | undefined {
  const weights = readdirSync(folder).filter((file) => file.endsWith('.safetensors'));
  const bytes = weights.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  return bytes < smallModelBytes ? 1 : undefined;
}

export function modelServer(options: ModelServerOptions): Program {
  const optional = (flag: string, value: number | string | undefined): string[] =>
    value === undefined ? [] : [flag, String(value)];
  return {
    name: 'model-server',
    title: 'the model server',
    command: options.python,
    arguments: [
      ...maftModule('maft.serve', ['--base', options.model.folder, '--base-name', options.model.name]),
      ...(options.model.further ?? []).flatMap(({ name, folder }) => ['--also', `${name}=${folder}`]),
      ...['--models', options.modelsDirectory, '--host', loopback, '--port', String(options.port)],
      ...optional('--threads', options.threads ?? threadsFor(options.model.folder)),
      // A configured limit applies to the whole server; the single thread for decoding a small model does not limit reading.
      ...optional('--read-threads', options.threads),
      ...optional('--max-batch', options.maxBatch),
      ...optional('--max-loaded', options.maxLoaded),
      ...optional('--cache-gib', options.cacheGib),
      ...optional('--precision', options.precision),
      // Measurements of this machine hold for all checkouts and homes.
      ...['--measurements', join(cacheDirectory(), 'measurements')],
      '--exit-with-parent',
    ],
    environment: pythonEnvironmentVariables(),
    health: { ...usualHealthCheck, ask: (signal) => answersHealth(options.port, signal) },
    marker: options.modelsDirectory,
    // Importing torch takes seconds on a cold disk; a large base model takes longer to load.
    readyTimeoutMs: 600_000,
    graceMs: 5_000,
  };
}

/** The worker process: `maft worker`, which finds its Temporal server and model server in the environment. */
export function workerProcess(environment: Record<string, string>): Program {
  return {
    name: 'worker',
    title: 'the worker',
    command: process.execPath,
    arguments: [commandLineScript(), 'worker', '--exit-with-parent'],
    environment,
    needsKeys: true,
    marker: commandLineScript(),
    readyTimeoutMs: 120_000,
    // Training checkpoints and exits within this time.
    graceMs: 30_000,
  };
}

/** Resolves when the server's `/health` says that it is well; rejects only when aborted. */
export async function untilHealthy(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const healthy = await answersHealth(port, signal).then(
      () => true,
      () => false,
    );
    if (healthy) return;
    await sleep(250, undefined, { signal });
  }
}

async function answersHealth(port: number, signal: AbortSignal): Promise<void> {
  const { ok, status } = await fetch(`http://${loopback}:${port}/health`, { signal });
  if (!ok) throw new Error(`/health answered ${status}`);
}

/** Lets every Python child find the package `maft` and write unbuffered. */
function pythonEnvironmentVariables(): Record<string, string> {
  return { ...maftEnvironment(), PYTHONUNBUFFERED: '1', PYTHONUTF8: '1' };
}

/** Resolves when the server answers for the namespace; rejects only when aborted. */
export async function untilTemporalAnswers(address: string, namespace: string, signal: AbortSignal): Promise<void> {
  // Loaded here: the client takes a third of a second, which `maft --help` need not pay.
  const { Connection } = await import('@temporalio/client');
  for (;;) {
    signal.throwIfAborted();
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2s' });
      try {
        await connection.workflowService.describeNamespace({ namespace });
        return;
      } finally {
        await connection.close();
      }
    } catch {
      // Not up yet: connection refused, or its namespace is still being created.
      await sleep(150, undefined, { signal });
    }
  }
}
