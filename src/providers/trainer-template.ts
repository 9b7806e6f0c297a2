/** The worker's end of `python -m maft.train --template`: a process that has imported torch and forks a child per job. */
import type { ChildProcess } from 'node:child_process';
import { z } from 'zod';
import { trainerExitCodes } from '../contract/training-job';
import { TrainerError } from '../errors';
import { isAlive, jsonOf, killGroup, LastLines } from '../machine/supervision/child-process';
import {
  closed,
  readLines,
  spawnTrainer,
  type PythonOptions,
  type RunningTrainer,
  type TrainerExit,
  type TrainerTask,
} from './trainer-process';

const messageSchema = z.union([
  z.strictObject({ ready: z.literal(true), accelerator: z.enum(['cpu', 'cuda']), threads: z.int().nullable() }),
  z.strictObject({ id: z.string(), pid: z.int() }),
  z.strictObject({ id: z.string(), event: z.unknown() }),
  z.strictObject({ id: z.string(), stderr: z.string() }),
  z.strictObject({ id: z.string(), exit: z.strictObject({ code: z.int().nullable(), signal: z.string().nullable() }) }),
]);

type Message = z.infer<typeof messageSchema>;

export interface TemplateFacts {
  /** What a job with device `auto` would run on. */
  accelerator: 'cpu' | 'cuda';
  /** Of the idle template; more than one would make its forks unsafe. Null if the platform does not tell. */
  threads: number | null;
}

interface ForkedJob {
  pid?: number;
  tail: LastLines;
  onEvent: (event: unknown) => void;
  resolve: (exit: TrainerExit) => void;
}

/** One template process, from its start to its end; a dead one is replaced by a new instance. */
export class TrainerTemplate {
  alive = true;
  /** Rejects if the template ends before it is ready. */
  readonly ready: Promise<TemplateFacts>;
  private readonly child: ChildProcess;
  private readonly ended: Promise<TrainerExit>;
  private readonly jobs = new Map<string, ForkedJob>();
  private readonly tail = new LastLines();
  private jobsStarted = 0;
  private wasReady = false;
  private becomeReady!: (facts: TemplateFacts) => void;
  private failReady!: (error: unknown) => void;

  constructor(
    options: PythonOptions,
    private readonly killGraceMs: number,
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.becomeReady = resolve;
      this.failReady = reject;
    });
    // Optional to await: a template that dies early shows in the end of its jobs.
    this.ready.catch(() => undefined);
    this.child = spawnTrainer(options, ['--template']);
    readLines(
      this.child,
      (line) => this.handle(line),
      (line) => this.hear(line),
    );
    this.child.once('exit', () => this.onDeath());
    this.ended = closed(this.child, options.python).then((exit) => ({ ...exit, stderrTail: this.tail.toString() }));
    this.ended.then(
      (exit) => this.failReady(endedTooSoon(exit)),
      (error: unknown) => {
        this.alive = false;
        this.failReady(error);
      },
    );
  }

  /** The template's own output, such as that torch cannot use the GPU, goes to the worker's log: jobs have pipes. */
  private hear(line: string): void {
    this.tail.add(line);
    process.stderr.write(`trainer: ${line}\n`);
  }

  /** Forks a child for the job. If the template is dead, the job ends as if it had died with it. */
  start({ jobFile, mode }: TrainerTask, onEvent: (event: unknown) => void): RunningTrainer {
    this.jobsStarted += 1;
    const id = `${this.jobsStarted}`;
    const tail = new LastLines();
    const exited = new Promise<TrainerExit>((resolve, reject) => {
      this.jobs.set(id, { tail, onEvent, resolve });
      // Jobs that have not reported their end ended with the template.
      this.ended.then((exit) => resolve(this.endOfJob(exit, tail)), reject);
    });
    this.request({ [mode]: jobFile, id });
    return { exited, stop: () => this.request({ stop: id }), kill: () => this.kill(id) };
  }

  /** Ends the template; children that still train checkpoint and go. Resolves once all of them are gone. */
  async close(): Promise<void> {
    this.alive = false;
    this.child.stdin?.end();
    const impatience = setTimeout(() => this.killEverything(), this.killGraceMs);
    // A template that could not be started is closed.
    await this.ended.catch(() => undefined).finally(() => clearTimeout(impatience));
  }

  private request(message: Record<string, string>): void {
    const { stdin } = this.child;
    if (stdin?.writable) stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** The template kills for us, because only a parent knows that the number is still its child's. */
  private kill(id: string): void {
    this.request({ kill: id });
    if (!this.alive) killGroup(this.jobs.get(id)?.pid);
    // A suspended template cannot kill its child.
    const impatience = setTimeout(() => {
      if (this.jobs.has(id)) this.killEverything();
    }, this.killGraceMs);
    this.ended.finally(() => clearTimeout(impatience)).catch(() => undefined);
  }

  private killEverything(): void {
    if (isAlive(this.child)) this.child.kill('SIGKILL');
    // The side channel is still open, so some of them live.
    for (const job of this.jobs.values()) killGroup(job.pid);
  }

  /** Orphaned children see it too and go by themselves, after a checkpoint; the side channel's end says when. */
  private onDeath(): void {
    this.alive = false;
    const impatience = setTimeout(() => this.killEverything(), this.killGraceMs);
    this.ended.finally(() => clearTimeout(impatience)).catch(() => undefined);
  }

  private handle(line: string): void {
    const message = messageSchema.safeParse(jsonOf(line));
    if (message.success) this.dispatch(message.data);
    else this.tail.add(`Not a message of the template: ${line.slice(0, 200)}`);
  }

  private dispatch(message: Message): void {
    if ('ready' in message) {
      this.wasReady = true;
      return this.becomeReady(message);
    }
    const job = this.jobs.get(message.id);
    if (!job) return;
    if ('pid' in message) job.pid = message.pid;
    else if ('stderr' in message) job.tail.add(message.stderr);
    else if ('exit' in message) this.settle(message.id, job, message.exit);
    else job.onEvent(message.event);
  }

  /** How a job ended that died with the template; if the template had been ready, the job was only interrupted. */
  private endOfJob(exit: TrainerExit, tail: LastLines): TrainerExit {
    const wasClosed = exit.code === trainerExitCodes.ok;
    const code = exit.code !== null && (this.wasReady || wasClosed) ? trainerExitCodes.interrupted : exit.code;
    return { code, signal: exit.signal, stderrTail: `${tail.toString()}\n${exit.stderrTail}`.trim() };
  }

  private settle(id: string, job: ForkedJob, exit: { code: number | null; signal: string | null }): void {
    this.jobs.delete(id);
    job.resolve({ ...exit, stderrTail: job.tail.toString() });
  }
}

function endedTooSoon(exit: TrainerExit): TrainerError {
  const ended = exit.code === null ? `was killed by ${exit.signal}` : `exited with code ${exit.code}`;
  return new TrainerError(`The trainer's template ${ended} before it was ready: ${exit.stderrTail}`, {
    exitCode: exit.code,
    stderrTail: exit.stderrTail,
    retryable: exit.code === null,
  });
}
