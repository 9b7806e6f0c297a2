/**
 * How child processes are kept, whichever room starts them: each leads its own process group, so that Ctrl-C in a terminal
 * reaches only us, we decide the order, and a signal to the group reaches whatever it has started. What is remembered of
 * its output is bounded. Programs that learn from the end of their stdin that we are gone get a pipe there; others run
 * under guard.ts.
 *
 * Three kinds are started elsewhere, for reasons written there: a command that takes our place on the terminal
 * (cli/child-command.ts), a user's task module (tasks/module-process.ts), and questions that take a moment (`ps`, versions).
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalProcess } from './process-identity';

export function startChild(
  program: string,
  programArguments: readonly string[],
  {
    env,
    cwd,
    stdio = ['pipe', 'pipe', 'pipe'],
  }: { env: NodeJS.ProcessEnv; cwd?: string | undefined; stdio?: StdioOptions },
): ChildProcess {
  const child = spawn(program, programArguments, { env, cwd, stdio, detached: true });
  // A write to a process that has just died, whose end is reported by `close`; no stdin if it could not be started.
  child.stdin?.on('error', () => undefined);
  return child;
}

export function isAlive({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** Ends the process and all that it has started; one that is gone is fine. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (pid !== undefined) signalProcess(-pid, signal);
}

/** SIGTERM to the process, and after the grace time SIGKILL to its group; resolves when it has ended. */
export async function stopChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (!isAlive(child)) return;
  const exited = once(child, 'exit').catch(() => undefined);
  child.kill('SIGTERM');
  const grace = new AbortController();
  await Promise.race([exited, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
  grace.abort();
  if (isAlive(child)) killGroup(child.pid);
  await exited;
}

export function onLines(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', onLine);
}

const mostLines = 20;
const mostCharacters = 2_000;

/** The last lines of a stream of text. */
export class LastLines {
  private lines: string[] = [];

  add(line: string): void {
    this.lines = [...this.lines, line.slice(0, mostCharacters)].slice(-mostLines);
  }

  /** The last that is not blank. */
  get last(): string | undefined {
    return this.lines.filter((line) => line.trim() !== '').at(-1);
  }

  toString(): string {
    return this.lines.join('\n');
  }
}

/** The JSON of a line; undefined if it is other text. */
export function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
