/**
 * Everything a run needs, on this machine: a Temporal server, the model server and a worker, started in order, kept alive,
 * and stopped in order. Used by `maft up` for as long as it lives, and embedded by `maft demo` and `maft run`. Reports
 * through `onEvent`, prints nothing.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineConfig } from '../config';
import { ConfigError } from '../../errors';
import type { BaseModel } from '../setup/model-folder';
import { allSettledOrFailed } from '../../settled';
import { DiskWatch } from './disk-watch';
import { tryLock, type FileLock } from './file-lock';
import { endLeftovers, findRunningPlatform, readState, writeState, type PlatformState } from './platform-state';
import { choosePorts, loopback, type ChosenPorts } from './ports';
import { ownIdentity } from './process-identity';
import { openStore } from '../open-store';
import { modelsKey } from '../../domain/keys';
import { modelServer, temporalServer, workerProcess } from './programs';
import { vllmServer } from './vllm-server';
import { SupervisedProcess, type ProcessEvent, type ProcessName, type Program } from './supervised-process';

/** `notice`: a sentence about the platform itself, such as a port that is taken. */
export type PlatformEvent = ProcessEvent | { process: 'platform'; state: 'notice'; message: string };

export interface PlatformOptions {
  /** The command that runs the platform, shown to other commands: `up`, `demo`, `run`. */
  command: string;
  config: MachineConfig;
  /** Which model the embedded server serves; null starts none (all endpoints are elsewhere). */
  model: BaseModel | null;
  /** Resolved by `prepareMachine`; `temporal` is not needed if the configuration names a server's address. */
  programs: { python: string; temporal?: string };
  onEvent: (event: PlatformEvent) => void;
  /** Replaces the program of one child; tests use it to start one that dies on demand. */
  replace?: Partial<Record<ProcessName, (program: Program) => Program>>;
  backoffMs?: number[];
  /** Ends a start that is under way; `startPlatform` then throws the signal's reason, with nothing left running. */
  signal?: AbortSignal;
}

export interface Platform {
  temporalAddress: string;
  namespace: string;
  /** Null if the Temporal server is not ours. */
  uiUrl: string | null;
  /** Base address without `/v1`; null without a model server. */
  modelServerUrl: string | null;
  /** Ends worker, model server and Temporal in this order, each within its grace time; resolves when no process is left. */
  stop(): Promise<void>;
  /** Ends every process at once: for the second Ctrl-C. Still call `stop` to wait for it. */
  kill(): void;
}

/**
 * Starts the platform and resolves when all of it is ready. Throws `ConfigError` if another platform runs on this
 * MAFT_HOME, the folder cannot be written, a configured port is taken, or a program does not start; nothing is then left
 * running.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const lock = claimHome(options.config.maftHome);
  try {
    await endLeftoversOf(options);
    const platform = new RunningPlatformProcesses(options, lock, await choosePlatformPorts(options));
    await platform.start();
    return platform;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** One platform per MAFT_HOME: two would share a database file. */
function claimHome(maftHome: string): FileLock {
  const attempt = inWritableHome(maftHome, () => tryLock(join(maftHome, 'up.lock')));
  if ('lock' in attempt) return attempt.lock;
  const running = findRunningPlatform(maftHome);
  const where = running === undefined ? '' : `, Temporal at ${running.temporalAddress}`;
  throw new ConfigError(
    `maft ${running?.command ?? 'up'} is already running on ${maftHome} (process ${attempt.owner.pid}${where}): use it, stop it, or set MAFT_HOME to another folder`,
  );
}

function inWritableHome<T>(maftHome: string, action: () => T): T {
  try {
    mkdirSync(maftHome, { recursive: true });
    accessSync(maftHome, constants.W_OK);
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC')
      throw new ConfigError(
        `no space left on the disk of ${maftHome}: free some space, or set MAFT_HOME to another disk`,
      );
    if (code === undefined) throw error;
    throw new ConfigError(
      `cannot write to ${maftHome} (${code}): make it writable, or set MAFT_HOME to a folder that is`,
    );
  }
}

async function endLeftoversOf(options: PlatformOptions): Promise<void> {
  const state = readState(options.config.maftHome);
  if (state === undefined) return;
  const ended = await endLeftovers(state);
  if (ended.length > 0) notice(options, `ended what an earlier maft ${state.command} left behind: ${ended.join(', ')}`);
}

async function choosePlatformPorts(options: PlatformOptions): Promise<ChosenPorts> {
  const remembered = readState(options.config.maftHome)?.ports;
  const chosen = await choosePorts({ configured: options.config.ports, remembered });
  for (const message of chosen.notices) notice(options, message);
  return chosen;
}

function notice(options: PlatformOptions, message: string): void {
  options.onEvent({ process: 'platform', state: 'notice', message });
}

class RunningPlatformProcesses implements Platform {
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
  readonly modelServerUrl: string | null;
  /** In the order in which they are started; stopped the other way round. */
  private readonly processes: SupervisedProcess[];
  private readonly diskWatch: DiskWatch;
  private phase: PlatformState['state'] = 'starting';
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly options: PlatformOptions,
    private readonly lock: FileLock,
    private readonly chosenPorts: ChosenPorts,
  ) {
    const { config, model } = options;
    const { ports } = chosenPorts;
    this.namespace = config.temporal.namespace;
    this.temporalAddress = config.temporal.address ?? `${loopback}:${ports.temporal}`;
    this.uiUrl = config.temporal.address === undefined ? `http://${loopback}:${ports.temporalUi}` : null;
    this.modelServerUrl = model === null ? null : `http://${loopback}:${ports.modelServer}`;
    this.processes = this.programs().map((program) => this.supervise(program));
    this.diskWatch = this.watchDisk();
  }

  async start(): Promise<void> {
    const { signal } = this.options;
    const abort = () => void this.stop();
    signal?.addEventListener('abort', abort);
    this.saveState();
    try {
      signal?.throwIfAborted();
      const [worker, servers] = [this.processes.at(-1)!, this.processes.slice(0, -1)];
      // The servers do not need each other; the worker needs a Temporal server to poll.
      await allSettledOrFailed(servers.map((server) => server.start()));
      signal?.throwIfAborted();
      await worker.start();
      this.phase = 'ready';
      this.saveState();
      this.diskWatch.start();
    } catch (error) {
      await this.stop();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.stopInOrder();
    return this.stopped;
  }

  kill(): void {
    for (const process of this.processes) process.kill();
  }

  private async stopInOrder(): Promise<void> {
    this.diskWatch.stop();
    for (const process of [...this.processes].reverse()) await process.stop();
    this.phase = 'stopped';
    this.saveState();
    this.chosenPorts.release();
    this.lock.release();
  }

  private programs(): Program[] {
    const { config, model, programs } = this.options;
    const { ports } = this.chosenPorts;
    const list: Program[] = [];
    if (config.temporal.address === undefined) list.push(this.ownTemporalServer());
    if (model !== null) {
      const served = { model, modelsDirectory: openStore(config).addressOf(modelsKey), port: ports.modelServer };
      list.push(
        config.engine === 'vllm'
          ? vllmServer({ config, ...served })
          : modelServer({ python: programs.python, ...served, ...config.server }),
      );
    }
    list.push(workerProcess(this.workerEnvironment()));
    return list.map((program) => this.options.replace?.[program.name]?.(program) ?? program);
  }

  private ownTemporalServer(): Program {
    const { config, programs } = this.options;
    if (programs.temporal === undefined) throw new Error('startPlatform was given no temporal program');
    const folder = join(config.maftHome, 'temporal');
    mkdirSync(folder, { recursive: true });
    const { temporal: port, temporalUi: uiPort } = this.chosenPorts.ports;
    const databaseFile = join(folder, 'temporal.db');
    return temporalServer({ program: programs.temporal, databaseFile, port, uiPort, namespace: this.namespace });
  }

  /** Settings that `maft worker` would otherwise look up; explicit, so a restarted worker gets the same ones. */
  private workerEnvironment(): Record<string, string> {
    const { config, programs } = this.options;
    return {
      ...(config.temporal.address === undefined
        ? { MAFT_EMBEDDED_TEMPORAL: this.temporalAddress }
        : { TEMPORAL_ADDRESS: this.temporalAddress }),
      TEMPORAL_NAMESPACE: this.namespace,
      MAFT_HOME: config.maftHome,
      MAFT_STORE: config.store,
      MAFT_DATA: config.data,
      MAFT_PYTHON: programs.python,
      MAFT_ENGINE: config.engine,
      ...(this.modelServerUrl === null ? {} : { MAFT_MODEL_SERVER: this.modelServerUrl }),
    };
  }

  private watchDisk(): DiskWatch {
    const { maftHome, store, temporal, disk } = this.options.config;
    return new DiskWatch({
      folders: [maftHome, store],
      marginBytes: disk.marginBytes,
      say: (line) => notice(this.options, line),
      pause: temporal.address === undefined ? (...asked) => this.pauseRuns(...asked) : undefined,
    });
  }

  private async pauseRuns(reason: string, known: ReadonlySet<string>): Promise<string[]> {
    // Loaded on demand: the client takes a third of a second to load.
    const { pauseRunsOfServer } = await import('../open-workflows.js');
    return pauseRunsOfServer({ address: this.temporalAddress, namespace: this.namespace }, reason, known);
  }

  private supervise(program: Program): SupervisedProcess {
    const { config, backoffMs, onEvent } = this.options;
    return new SupervisedProcess(program, {
      logFile: join(config.maftHome, 'logs', `${program.name}.log`),
      backoffMs,
      onEvent: (event) => {
        if (event.state === 'started' || event.state === 'died') this.saveState();
        if (event.state !== 'started') onEvent(event);
      },
    });
  }

  /** A platform goes on if its state cannot be written (a full disk): only the clean-up after a crash is lost. */
  private saveState(): void {
    try {
      writeState(this.options.config.maftHome, this.currentState());
    } catch (error) {
      notice(
        this.options,
        `up.json cannot be written (${(error as Error).message}): other commands may not find this platform`,
      );
    }
  }

  private currentState(): PlatformState {
    const { temporalAddress, namespace, uiUrl, modelServerUrl, phase } = this;
    const { ports } = this.chosenPorts;
    const { command, config, model } = this.options;
    const children = (this.processes ?? []).flatMap((process) =>
      process.runningIdentities.map((identity) => ({
        ...identity,
        name: process.program.name,
        marker: process.program.marker,
      })),
    );
    return {
      version: 1,
      command,
      owner: ownIdentity(),
      state: phase,
      temporalAddress,
      namespace,
      data: config.data,
      uiUrl,
      modelServerUrl,
      model,
      engine: config.engine,
      ports,
      children,
    };
  }
}
