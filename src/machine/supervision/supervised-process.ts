/**
 * One child process kept alive: started, watched until it is ready, restarted with the same arguments when it dies, and
 * stopped in order; a pipe on its stdin tells it when we are gone.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../errors';
import { withoutSecrets } from '../child-environment';
import { isAlive, jsonOf, killGroup, LastLines, onLines, startChild, stopChild } from './child-process';
import { untilSilent, type HealthCheck } from './health';
import { LogFile } from './log-file';
import { identityOf, type ProcessIdentity } from './process-identity';

export type ProcessName = 'temporal' | 'model-server' | 'worker';

export interface Program {
  name: ProcessName;
  /** Its name in messages. */
  title: string;
  command: string;
  arguments: string[];
  /** Added to our own environment. */
  environment?: Record<string, string>;
  /** Where it runs; default: our own current folder. */
  directory?: string;
  /** Part of the command line of each of its processes, unique enough to recognise one after a crash. */
  marker: string;
  /** Resolves when the program answers; without this, the program prints `{"event":"ready"}` on stdout. */
  probe?: (signal: AbortSignal) => Promise<void>;
  /** Asked while the program runs; without this, only its end is noticed. */
  health?: HealthCheck;
  /** Whether it needs the keys in our environment, to ask endpoints with. */
  needsKeys?: boolean;
  /** Longest wait for a start, milliseconds. */
  readyTimeoutMs: number;
  /** From SIGTERM to SIGKILL, milliseconds. */
  graceMs: number;
}

/** `started`: it has a process id now (one event per process of a child: guard and program). */
export type ProcessState = 'starting' | 'started' | 'ready' | 'died' | 'stopping' | 'stopped';

export interface ProcessEvent {
  process: ProcessName;
  state: ProcessState;
  /** One sentence. */
  message: string;
  pid?: number;
}

export interface SupervisionOptions {
  logFile: string;
  onEvent: (event: ProcessEvent) => void;
  /** Waits before the 1st, 2nd … restart in a row, milliseconds; the last one repeats. */
  backoffMs?: number[];
}

const usualBackoffMs = [200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
/** A child that lived this long has recovered: its next death starts the backoff from the beginning. */
const healthyAfterMs = 60_000;
const closeGraceMs = 2_000;

interface Launch {
  child: ChildProcess;
  exited: Promise<string>;
  ready: Promise<void>;
}

export class SupervisedProcess {
  private readonly log: LogFile;
  private readonly backoffMs: number[];
  private current: ChildProcess | undefined;
  /** The child that we ended because it hung. */
  private silent: ChildProcess | undefined;
  private identities: ProcessIdentity[] = [];
  private errors = new LastLines();
  private stopping = new AbortController();
  private supervision: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(
    readonly program: Program,
    private readonly options: SupervisionOptions,
  ) {
    this.log = new LogFile(options.logFile);
    this.backoffMs = options.backoffMs ?? usualBackoffMs;
  }

  /** Starts the program and resolves when it is ready; from then on it is kept alive. Throws `ConfigError` if it never was. */
  async start(): Promise<void> {
    this.say('starting', `${this.program.title} is starting`);
    const launch = this.launch();
    const died = launch.exited.then((reason) => Promise.reject(this.failedStart(reason)));
    try {
      await Promise.race([launch.ready, died]);
    } catch (error) {
      died.catch(() => undefined);
      await this.stop();
      throw error;
    }
    died.catch(() => undefined);
    this.say('ready', `${this.program.title} is ready (process ${launch.child.pid})`);
    void this.watchHealth(launch);
    this.supervision = this.keepAlive(launch);
  }

  /** Every process of this child (guard and guarded program), for the state file. */
  get runningIdentities(): ProcessIdentity[] {
    return this.identities;
  }

  /** SIGTERM, then after the grace time SIGKILL to the whole group; resolves when nothing is left. Never throws. */
  async stop(): Promise<void> {
    const child = this.current;
    if (this.ended) return;
    this.ended = true;
    this.stopping.abort();
    if (child === undefined) return this.log.close();
    if (isAlive(child)) {
      this.say('stopping', `${this.program.title} is stopping`);
      await stopChild(child, this.program.graceMs);
    }
    killGroup(child.pid);
    await this.supervision;
    this.identities = [];
    this.log.close();
    this.say('stopped', `${this.program.title} has stopped`);
  }

  /** SIGKILL to the whole group, now. */
  kill(): void {
    this.stopping.abort();
    killGroup(this.current?.pid);
  }

  private async keepAlive(first: Launch): Promise<void> {
    let launch = first;
    for (let deaths = 0; ; deaths += 1) {
      const since = Date.now();
      const reason = await launch.exited;
      if (this.stopping.signal.aborted) return;
      if (Date.now() - since >= healthyAfterMs) deaths = 0;
      const waitMs = this.backoffMs[Math.min(deaths, this.backoffMs.length - 1)] ?? 0;
      this.say('died', `${this.program.title} ${this.withLastWords(reason)}: restarting it in ${waitMs / 1000} s`);
      await sleep(waitMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      launch = this.launch();
      const { child } = launch;
      launch.ready.then(
        () => {
          this.say('ready', `${this.program.title} is ready again (process ${child.pid})`);
          void this.watchHealth(launch);
        },
        (error: Error) => this.abandon(child, error),
      );
    }
  }

  /** Ends a child that no longer answers: `keepAlive` then starts it again. Never throws. */
  private async watchHealth({ child, exited }: Launch): Promise<void> {
    const { health } = this.program;
    if (health === undefined) return;
    const over = new AbortController();
    void exited.then(() => over.abort());
    const stopped = AbortSignal.any([over.signal, this.stopping.signal]);
    const isSilent = await untilSilent(health, stopped).then(
      () => true,
      () => false,
    );
    if (!isSilent || !isAlive(child)) return;
    this.silent = child;
    killGroup(child.pid);
  }

  /** A restarted child that does not get ready in time is ended, so that the next try can begin. */
  private abandon(child: ChildProcess, error: Error): void {
    if (!isAlive(child) || this.stopping.signal.aborted) return;
    this.log.append(`${error.message}\n`);
    killGroup(child.pid);
  }

  private launch(): Launch {
    const { program } = this;
    this.errors = new LastLines();
    this.log.append(`--- ${new Date().toISOString()} ${program.command} ${program.arguments.join(' ')}\n`);
    const inherited = program.needsKeys === true ? process.env : withoutSecrets(process.env);
    const env = { ...inherited, ...program.environment };
    const child = startChild(program.command, program.arguments, { env, cwd: program.directory });
    this.current = child;
    this.identities = [];
    if (child.pid !== undefined) this.remember(child.pid);
    const readyLine = this.watchOutput(child);
    const exited = this.watchExit(child);
    const ready = this.watchReady(readyLine, exited);
    // Optional to await: `exited` reports a child that dies early.
    ready.catch(() => undefined);
    return { child, exited, ready };
  }

  /** Logs everything; resolves at the line that says the program is ready. */
  private watchOutput(child: ChildProcess): Promise<void> {
    child.stdout?.on('data', (chunk: Buffer) => this.log.append(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.log.append(chunk));
    onLines(child.stderr, (line) => this.errors.add(line));
    return new Promise((resolve) => {
      onLines(child.stdout, (line) => {
        const event = line.startsWith('{')
          ? (jsonOf(line) as { event?: unknown; pid?: unknown } | undefined)
          : undefined;
        if (event?.event === 'started' && typeof event.pid === 'number') this.remember(event.pid);
        if (event?.event === 'ready') resolve();
      });
    });
  }

  private remember(pid: number): void {
    const identity = identityOf(pid);
    if (identity === undefined) return;
    this.identities = [...this.identities, identity];
    this.say('started', `${this.program.title} has process ${pid}`, pid);
  }

  /** Resolves with how it ended, after whatever the child left in its group has been killed too. */
  private watchExit(child: ChildProcess): Promise<string> {
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
      // At 'close' its last output has been read; a grandchild in its own session may hold the pipes a little longer.
      child.once('exit', (code, signal) => {
        killGroup(child.pid);
        const reason = this.silent === child ? 'no longer answered and was killed' : howItEnded(code, signal);
        child.once('close', () => resolve(reason));
        setTimeout(() => resolve(reason), closeGraceMs).unref();
      });
    });
  }

  private async watchReady(readyLine: Promise<void>, exited: Promise<string>): Promise<void> {
    const { probe, readyTimeoutMs, title } = this.program;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), readyTimeoutMs);
    const gaveUp = new Promise<never>((_, reject) => {
      patience.signal.addEventListener('abort', () =>
        reject(new ConfigError(`${title} was not ready after ${readyTimeoutMs / 1000} s; its log is ${this.log.path}`)),
      );
    });
    gaveUp.catch(() => undefined);
    const ended = exited.then((reason) => Promise.reject(this.failedStart(reason)));
    ended.catch(() => undefined);
    try {
      await Promise.race([probe === undefined ? readyLine : probe(patience.signal), gaveUp, ended]);
    } finally {
      clearTimeout(timer);
      patience.abort();
    }
  }

  private failedStart(reason: string): ConfigError {
    return new ConfigError(`${this.program.title} ${this.withLastWords(reason)}; its log is ${this.log.path}`);
  }

  private withLastWords(reason: string): string {
    const lastLine = this.errors.last;
    // The last line may be unrelated to the exit, so it is only quoted.
    return lastLine === undefined ? reason : `${reason}; the last line it wrote: "${lastLine.trim().slice(0, 300)}"`;
  }

  private say(state: ProcessState, message: string, pid = this.current?.pid): void {
    this.options.onEvent({ process: this.program.name, state, message, pid });
  }
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended (exit code ${code})` : `was killed (${signal})`;
}
