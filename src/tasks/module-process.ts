/**
 * A user's task module in a separate process: a call that hangs or dies costs its time limit and that process, never
 * the worker. The process gets no keys, only those environment variables that Node and the locale need.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { ConfigError, TaskError } from '../errors';
import { moduleHost } from './module-host';

export interface ModuleProgram {
  file: string;
  source: string;
}

export interface ModuleDescription {
  /** Names of exported functions, and everything else that is exported. */
  functions: string[];
  values: Record<string, unknown>;
  /** SHA-256 (hex) of each file that it requires below its own folder, by path relative to it. */
  files: Record<string, string>;
}

/** Loading blocks the worker for as long, so the limit is short; each program is loaded once. */
const describeLimitMs = 10_000;
/** One answer read or compared. */
const callLimitMs = 5_000;
/** `load`, which may read or fetch large data. */
const loadLimitMs = 10 * 60_000;
/** An idle process ends after this time. */
const idleMs = 60_000;

/** Throws `ConfigError` if it does not load within 10 seconds. */
export function describeModule(program: ModuleProgram): ModuleDescription {
  const { output, error } = spawnSync(process.execPath, ['-e', moduleHost, 'describe'], {
    env: hostEnvironment(),
    input: JSON.stringify(program),
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    timeout: describeLimitMs,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  const answer = parsed(output?.[3]);
  if (answer !== undefined && 'functions' in answer) return answer as unknown as ModuleDescription;
  throw new ConfigError(`${program.file}: ${whyNot(answer, error)}`);
}

function parsed(text: string | null | undefined): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text ?? '') as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function whyNot(answer: Record<string, unknown> | undefined, error: Error | undefined): string {
  if (answer === undefined) {
    const isLate = (error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT';
    return `does not load: ${isLate ? `it takes longer than ${describeLimitMs / 1000} s` : 'its process ended'}`;
  }
  if (typeof answer.failed !== 'string') return `module.exports: must be an object, not ${String(answer.type)}`;
  const hint = /\b(import|export)\b/.test(answer.failed) ? ' (it must be CommonJS: module.exports = { … })' : '';
  return `does not load: ${answer.failed}${hint}`;
}

function hostEnvironment(): NodeJS.ProcessEnv {
  const needed = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'LANG', 'LC_ALL', 'TZ'];
  return Object.fromEntries(
    needed.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

type Answer = { value: { type: string; value?: unknown } } | { failed: string };

/** Runs one call at a time: a call that hangs fails no other one. */
export class ModuleProcess {
  private child: ChildProcess | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;

  /** @param files As first described: a process that is started later refuses to load others. */
  constructor(
    private readonly program: ModuleProgram,
    private readonly files: ModuleDescription['files'],
  ) {}

  /** Returns the exported function's result (awaited, as JSON). Throws `TaskError` if it throws, dies or times out. */
  call(name: string, ...given: unknown[]): Promise<unknown> {
    const answered = this.last.then(() => this.ask(name, given));
    this.last = answered.catch(() => undefined);
    return answered;
  }

  private async ask(name: string, given: unknown[]): Promise<unknown> {
    clearTimeout(this.idle);
    const isNew = this.child === undefined;
    const child = (this.child ??= this.start());
    const limitMs = name === 'load' ? loadLimitMs : callLimitMs;
    const answer = await answerOf(
      child,
      { ...(isNew ? { program: { ...this.program, files: this.files } } : {}), name, given },
      limitMs,
    );
    if (typeof answer === 'string') {
      this.end();
      throw new TaskError(`${this.program.file}: ${name} ${answer}`);
    }
    this.idle = setTimeout(() => this.end(), idleMs).unref();
    if ('failed' in answer) {
      // It may be the loading that failed.
      if (isNew) this.end();
      throw new TaskError(`${this.program.file}: ${name} threw: ${answer.failed}`);
    }
    const { type, value } = answer.value;
    return type === 'undefined' ? undefined : value;
  }

  /** In our own process group: a program that loops cannot learn that we are gone, but is ended with the worker's group. */
  private start(): ChildProcess {
    const child = spawn(process.execPath, ['-e', moduleHost], {
      env: hostEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('exit', () => {
      if (this.child === child) this.child = undefined;
    });
    // Its end is reported by `exit`, or by the limit.
    child.on('error', () => undefined);
    // Only the timer of a call keeps this process alive.
    child.unref();
    child.channel?.unref();
    return child;
  }

  private end(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }
}

/** The answer, or what went wrong in words. */
function answerOf(child: ChildProcess, question: object, limitMs: number): Promise<Answer | string> {
  return new Promise((resolve) => {
    const settle = (answer: Answer | string) => {
      clearTimeout(limit);
      child.off('message', settle).off('exit', died);
      resolve(answer);
    };
    const died = () => settle('ended its process');
    const limit = setTimeout(() => settle(`took longer than ${limitMs / 1000} s`), limitMs);
    child.on('message', settle).on('exit', died);
    child.send(question as never, (error) => {
      if (error !== null) died();
    });
  });
}
