/** A Python process that trains one job: where its events, its end and its last words are collected. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { withoutSecrets } from '../machine/child-environment';
import { ConfigError } from '../errors';
import { maftEnvironment, maftModule } from '../machine/python-start';

const stderrTailLines = 20;
const eventsDescriptor = 3;

export interface PythonOptions {
  /** Path of the interpreter that has torch and transformers. */
  python: string;
  /** Folder that contains the package `maft`. */
  pythonPath: string;
}

/** What to do with a job: train it, or say whether it could be trained. */
export interface TrainerTask {
  jobFile: string;
  mode: 'run' | 'check';
}

/** How a training ended. `code` is null if a signal ended it. */
export interface TrainerExit {
  code: number | null;
  signal: string | null;
  /** Last lines of what it wrote to stderr. */
  stderrTail: string;
}

/** A training under way. `exited` resolves once its process is gone; it rejects only if no process could be started. */
export interface RunningTrainer {
  exited: Promise<TrainerExit>;
  /** SIGTERM: checkpoint, then exit. */
  stop(): void;
  /** SIGKILL to the process and whatever it started. */
  kill(): void;
}

/** The last lines of a stream of text. */
export class Tail {
  private lines: string[] = [];

  add(line: string): void {
    this.lines = [...this.lines, line].slice(-stderrTailLines);
  }

  toString(): string {
    return this.lines.join('\n');
  }
}

/** Starts `python -m maft.train` in its own session; the end of its stdin tells it that we are gone. */
export function spawnTrainer(options: PythonOptions, trainerArguments: string[]): ChildProcess {
  const child = spawn(
    options.python,
    maftModule('maft.train', [...trainerArguments, '--events-fd', String(eventsDescriptor)]),
    {
      // stdout belongs to the libraries: it is never read.
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      // Its own group: Ctrl-C in a terminal reaches only the worker, which decides, and a kill reaches the whole group.
      detached: true,
      env: { ...withoutSecrets(process.env), ...maftEnvironment(options.pythonPath), PYTHONUNBUFFERED: '1' },
    },
  );
  // A write to a process that has just died; its end is reported by `close`.
  stdinOf(child)?.on('error', () => undefined);
  return child;
}

/** Undefined if the process could not be started. */
export function stdinOf(child: ChildProcess): Writable | undefined {
  return child.stdin ?? undefined;
}

/** Calls `onLine` for each line of the side channel and `onStderr` for each of stderr. */
export function readLines(child: ChildProcess, onLine: (line: string) => void, onStderr: (line: string) => void): void {
  const events = child.stdio[eventsDescriptor] as Readable | null;
  if (events) createInterface({ input: events }).on('line', onLine);
  if (child.stderr) createInterface({ input: child.stderr }).on('line', onStderr);
}

/**
 * Resolves once the process has ended *and* its side channel is closed everywhere; rejects with `ConfigError` if it
 * could not be started.
 */
export function closed(child: ChildProcess, python: string): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new ConfigError(
          `Cannot start the trainer with ${python}: ${error.message}. Set MAFT_PYTHON or run maft doctor.`,
        ),
      ),
    );
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** SIGKILL to the whole group; one that is gone already is fine. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** One process for one job: with CUDA (a context does not survive a fork) and where forking is not safe. */
export function startTrainerProcess(
  options: PythonOptions,
  { jobFile, mode }: TrainerTask,
  onEvent: (event: unknown) => void,
): RunningTrainer {
  const child = spawnTrainer(options, [mode === 'check' ? '--check' : '--job', jobFile, '--parent-fd', '0']);
  const tail = new Tail();
  const whenLive = (signal: NodeJS.Signals) => () => {
    // Once reaped, the number may be another process's.
    if (child.exitCode === null && child.signalCode === null) killGroup(child.pid, signal);
  };
  readLines(
    child,
    (line) => onEvent(parseJson(line)),
    (line) => tail.add(line),
  );
  return {
    exited: closed(child, options.python).then((exit) => ({ ...exit, stderrTail: tail.toString() })),
    stop: whenLive('SIGTERM'),
    kill: whenLive('SIGKILL'),
  };
}

/** The parsed line, or the line itself if it is not JSON: the event schema then refuses it by name. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
