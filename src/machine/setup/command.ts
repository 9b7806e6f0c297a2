/** Runs a program of set-up to its end, line by line. */
import type { ChildProcess } from 'node:child_process';
import { guardScript } from '../paths';
import { killGroup, onLines, startChild } from '../supervision/child-process';

export interface CommandResult {
  /** Null if a signal ended it, or it could not be started. */
  exitCode: number | null;
  stdout: string;
  /** Both streams, as they came. */
  output: string;
  /** Why it could not be started (`ENOENT`, `EACCES`). */
  startError?: string;
}

export interface CommandOptions {
  /** Beside ours; undefined removes a variable. */
  environment?: Record<string, string | undefined>;
  onLine?: (line: string) => void;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Ends the program when we die, for whatever reason: for programs that write for minutes, such as pip. */
  guarded?: boolean;
}

const guardGraceMs = '2000';

/** Process groups of the commands that are running. */
const groups = new Set<number>();
let isGivenUp = false;

/** Ends all running set-up commands and refuses new ones: this process is about to end. */
export function giveUpCommands(): void {
  isGivenUp = true;
  groups.forEach((pid) => killGroup(pid));
}

/** Never throws; returns how it ended. A time limit or an abort ends the whole process group. */
export function runCommand(
  program: string,
  programArguments: string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  if (isGivenUp) return Promise.resolve({ exitCode: null, stdout: '', output: '' });
  return new Promise((resolve) => {
    const child = start(program, programArguments, options);
    const texts = { stdout: '', output: '' };
    child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (texts.output += chunk.toString()));
      if (options.onLine !== undefined) onLines(stream, options.onLine);
    }
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    const end = () => killGroup(pid);
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(end, options.timeoutMs);
    options.signal?.addEventListener('abort', end, { once: true });
    const finish = (result: CommandResult) => {
      if (pid !== undefined) groups.delete(pid);
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
      resolve(result);
    };
    const said = () => ({ stdout: withoutGuard(texts.stdout), output: withoutGuard(texts.output) });
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish({ exitCode: null, ...said(), startError: error.code ?? error.message }),
    );
    child.once('close', (exitCode) => finish({ exitCode, ...said() }));
  });
}

/** The guard's own line may be anywhere in the program's output. */
function withoutGuard(text: string): string {
  return text.replace(/^\{"event":"started","pid":\d+\}\n/m, '');
}

/** A guard lives by the pipe on its stdin. */
function start(program: string, programArguments: string[], options: CommandOptions): ChildProcess {
  const guard = options.guarded === true ? [process.execPath, guardScript(), guardGraceMs] : [];
  const [command, ...rest] = [...guard, program, ...programArguments];
  const env = { ...process.env, ...options.environment };
  return startChild(command!, rest, { env, stdio: [options.guarded === true ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
}
