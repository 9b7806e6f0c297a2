/** A Python process that trains one job: where its events, its end and its last words are collected. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { withoutSecrets } from '../machine/child-environment';
import { ConfigError } from '../errors';
import { maftEnvironment, maftModule } from '../machine/python-start';
import { isAlive, jsonOf, killGroup, LastLines, onLines, startChild } from '../machine/supervision/child-process';

const eventsDescriptor = 3;

export interface PythonOptions {
  /** Path of the interpreter that has torch and transformers. */
  python: string;
  /** Folder that contains the package `maft`. */
  pythonPath: string;
  /** Further variables, such as which GPUs are visible. */
  environment?: Record<string, string>;
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
  /** Of its process; undefined if none could be started, and for one that a template forks. */
  pid?: number | undefined;
  exited: Promise<TrainerExit>;
  /** SIGTERM: checkpoint, then exit. */
  stop(): void;
  /** SIGKILL to the process and whatever it started. */
  kill(): void;
}

/** Starts `python -m maft.train`; the end of its stdin tells it that we are gone. */
export function spawnTrainer(
  { python, pythonPath, environment }: PythonOptions,
  trainerArguments: string[],
): ChildProcess {
  const given = [...trainerArguments, '--events-fd', String(eventsDescriptor)];
  return startChild(python, maftModule('maft.train', given), {
    // stdout belongs to the libraries: it is never read.
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    env: { ...withoutSecrets(process.env), ...maftEnvironment(pythonPath), ...environment, PYTHONUNBUFFERED: '1' },
  });
}

/** Calls `onLine` for each line of the side channel and `onStderr` for each of stderr. */
export function readLines(child: ChildProcess, onLine: (line: string) => void, onStderr: (line: string) => void): void {
  onLines(child.stdio[eventsDescriptor] as Readable | null, onLine);
  onLines(child.stderr, onStderr);
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

/** One process for one job: with CUDA (a context does not survive a fork) and where forking is not safe. */
export function startTrainerProcess(
  options: PythonOptions,
  { jobFile, mode }: TrainerTask,
  onEvent: (event: unknown) => void,
): RunningTrainer {
  const child = spawnTrainer(options, [mode === 'check' ? '--check' : '--job', jobFile, '--parent-fd', '0']);
  const tail = new LastLines();
  const whenLive = (signal: NodeJS.Signals) => () => {
    // Once reaped, the number may be another process's.
    if (isAlive(child)) killGroup(child.pid, signal);
  };
  readLines(
    child,
    // The event schema refuses by name what is not JSON.
    (line) => onEvent(jsonOf(line) ?? line),
    (line) => tail.add(line),
  );
  return {
    pid: child.pid,
    exited: closed(child, options.python).then((exit) => ({ ...exit, stderrTail: tail.toString() })),
    stop: whenLive('SIGTERM'),
    kill: whenLive('SIGKILL'),
  };
}
