/** The port `Grader` for mathematical answers: spelling first, then Math-Verify in `python -m maft.grade`. */
import type { ChildProcess } from 'node:child_process';
import { z } from 'zod';
import { sameMath } from '../domain/answers';
import { withoutSecrets } from '../machine/child-environment';
import { ConfigError, ProviderError } from '../errors';
import { maftEnvironment, maftModule } from '../machine/python-start';
import { isAlive, jsonOf, killGroup, LastLines, onLines, startChild } from '../machine/supervision/child-process';
import type { AnswerPair, Grader, Verdict } from '../ports';
import type { PythonOptions } from './trainer-process';

export interface MathVerifyOptions extends PythonOptions {
  /** Pairs compared at the same time. */
  processes: number;
  /** What one pair may cost. */
  timeLimitMs: number;
}

const verdictSchema = z.strictObject({ id: z.int(), equal: z.boolean(), reason: z.string().optional() });

/** Exit codes of `python -m maft.grade` after which another attempt would fail too, if the process never answered … */
const hopelessAtFirst: readonly (number | null)[] = [1, 2, 3];
/** … and if it did: then it is installed, and may start again once memory or processes are free. */
const hopelessLater: readonly (number | null)[] = [2];

interface Question {
  resolve(verdict: Verdict): void;
  reject(error: Error): void;
}

/**
 * Compares parsed answers. Most pairs are settled by their spelling; the first other pair starts a Python process,
 * which serves all that follow. A pair that exceeds the time limit is not equal, with the reason `time limit`. Throws
 * `ConfigError` if Python or Math-Verify is missing, `ProviderError` (retryable) if the process is killed.
 */
export class MathVerifyGrader implements Grader {
  private process: GraderProcess | undefined;

  constructor(private readonly options: MathVerifyOptions) {}

  async grade(pairs: AnswerPair[], signal?: AbortSignal): Promise<Verdict[]> {
    signal?.throwIfAborted();
    const asked = new Map<string, Promise<Verdict>>();
    const verdictOn = async (pair: AnswerPair): Promise<Verdict> => {
      const settled = sameMath(pair.a, pair.b);
      if (settled !== undefined) return { equal: settled };
      const key = JSON.stringify([pair.a, pair.b]);
      const asking = asked.get(key) ?? this.live().ask(pair);
      asked.set(key, asking);
      return asking;
    };
    return untilAborted(Promise.all(pairs.map(verdictOn)), signal);
  }

  /** Ends the Python process; pairs that are still being compared are rejected. */
  async close(): Promise<void> {
    await this.process?.close();
  }

  private live(): GraderProcess {
    if (this.process?.alive !== true) this.process = new GraderProcess(this.options);
    return this.process;
  }
}

/** One Python process with its pool, from its start to its end. */
class GraderProcess {
  alive = true;
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly open = new Map<number, Question>();
  private readonly tail = new LastLines();
  private asked = 0;
  private hasAnswered = false;

  constructor(private readonly options: MathVerifyOptions) {
    const { python, pythonPath, processes, timeLimitMs } = options;
    const given = ['--workers', String(processes), '--time-limit', String(timeLimitMs / 1000)];
    this.child = startChild(python, maftModule('maft.grade', given), {
      env: { ...withoutSecrets(process.env), ...maftEnvironment(pythonPath), PYTHONUNBUFFERED: '1' },
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => this.finish(cannotStart(python, error.message), resolve));
      this.child.once('close', (code, signal) => this.finish(this.endOf(code, signal), resolve));
    });
    onLines(this.child.stdout, (line) => this.receive(line));
    onLines(this.child.stderr, (line) => this.tail.add(line));
  }

  ask({ a, b }: AnswerPair): Promise<Verdict> {
    this.asked += 1;
    const id = this.asked;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, a, b })}\n`);
    });
  }

  async close(): Promise<void> {
    this.alive = false;
    if (isAlive(this.child)) killGroup(this.child.pid);
    await this.ended;
  }

  private receive(line: string): void {
    const parsed = verdictSchema.safeParse(jsonOf(line));
    if (!parsed.success) return this.tail.add(`Not a verdict: ${line.slice(0, 200)}`);
    const { id, ...verdict } = parsed.data;
    this.hasAnswered = true;
    this.open.get(id)?.resolve(verdict);
    this.open.delete(id);
  }

  private finish(error: Error, resolve: () => void): void {
    this.alive = false;
    for (const { reject } of this.open.values()) reject(error);
    this.open.clear();
    resolve();
  }

  private endOf(code: number | null, signal: string | null): Error {
    const ended = code === null ? `was killed by ${signal}` : `exited with code ${code}`;
    const message = `The grader ${ended}: ${this.tail.toString() || 'it said nothing'}`;
    if (!(this.hasAnswered ? hopelessLater : hopelessAtFirst).includes(code))
      return new ProviderError(message, { retryable: true });
    return new ConfigError(`${message}. Run maft doctor: ${this.options.python} must have the package math-verify`);
  }
}

function cannotStart(python: string, reason: string): ConfigError {
  return new ConfigError(`Cannot start the grader with ${python}: ${reason}. Set MAFT_PYTHON or run maft doctor.`);
}

/** Rejects on abort. Comparisons under way go on unused until their time limit. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
