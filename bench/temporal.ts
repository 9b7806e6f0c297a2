/** A Temporal dev server with its database on disk, and workers in this process, for as long as a benchmark needs them. */
import { sqlitePragmas } from '../src/machine/supervision/programs';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { allRoles, type RunningWorkers, type WorkerSettings } from '../src/worker';
import { startTemporalServer } from '../test/support/temporal-server';

export interface BenchServer {
  client: Client;
  /** A folder that is removed afterwards. */
  folder: string;
  /** CPU seconds the server has used so far; 0 where the system does not say. */
  cpuSeconds: () => number;
  settings: (slots: Pick<WorkerSettings, 'turnSlots' | 'trainingSlots'>) => WorkerSettings;
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/** The server ends with `use`, and with this process where that is interrupted. */
export async function withTemporal<Result>(
  program: string,
  use: (server: BenchServer) => Promise<Result>,
): Promise<Result> {
  installRuntime();
  const folder = await mkdtemp(path.join(tmpdir(), 'maft-bench-'));
  const { address, child } = await startTemporalServer(program, [
    '--db-filename',
    path.join(folder, 'temporal.db'),
    ...sqlitePragmas,
  ]);
  const interrupted = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of signals) process.once(signal, interrupted);
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  try {
    const settings: BenchServer['settings'] = (slots) => ({
      connection: native,
      namespace: 'default',
      roles: allRoles,
      ...slots,
    });
    const cpuSeconds = () => cpuSecondsOf(child.pid ?? 0);
    return await use({ client: new Client({ connection }), folder, cpuSeconds, settings });
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    await native.close();
    await connection.close();
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    await rm(folder, { recursive: true, force: true });
  }
}

/** User and system time of a process, on Linux (in ticks of 10 ms). */
function cpuSecondsOf(pid: number): number {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(afterName[11]) + Number(afterName[12])) / 100;
  } catch {
    return 0;
  }
}

/** Runs something while workers serve, and stops them afterwards. */
export async function whileServing<Result>(workers: RunningWorkers, use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } finally {
    workers.shutdown();
    await workers.finished;
  }
}

let isInstalled = false;

function installRuntime(): void {
  if (isInstalled) return;
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  isInstalled = true;
}
