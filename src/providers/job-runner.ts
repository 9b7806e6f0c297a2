/** Training jobs on this machine: `python -m maft.train`, supervised. Folders are given; `local-trainer.ts` chooses them. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { trainerExitCodes, trainingEventSchema, type TrainingEvent, type TrainingJob } from '../contract/training-job';
import { storageError } from '../artifacts/storage-error';
import type { GpuPool } from '../machine/gpus';
import { TrainerError } from '../errors';
import type { FinishedTraining, Trainer } from '../ports';
import { defaultStallLimits, StallWatch, type StallLimits } from './stall-watch';
import {
  startTrainerProcess,
  type PythonOptions,
  type RunningTrainer,
  type TrainerExit,
  type TrainerTask,
} from './trainer-process';
import { TrainerTemplate } from './trainer-template';

export interface JobRunnerOptions extends PythonOptions {
  /** What a job with device `auto` runs on. */
  device: TrainingJob['device'];
  /** What trainings with CUDA share; absent: none of them waits for a GPU, and each sees all. */
  gpus?: GpuPool;
  /** Between SIGTERM (checkpoint and exit) and SIGKILL. */
  killGraceMs: number;
  /** When a trainer that lives counts as hung. */
  stallLimits?: StallLimits;
}

type TrainOptions = Parameters<Trainer['train']>[1];

/** Exit codes after which the same job may succeed: memory and space may be free by then, and what broke off resumes. */
const retryableCodes: readonly number[] = [
  trainerExitCodes.outOfMemory,
  trainerExitCodes.noSpace,
  trainerExitCodes.interrupted,
  trainerExitCodes.machineFault,
];

/**
 * Trains any number of jobs at once. On the CPU of a Linux machine one template process forks a child per job; with an
 * accelerator, and on macOS (whose frameworks do not survive a fork), each job has a fresh process.
 */
export class JobRunner {
  private template: TrainerTemplate | undefined;
  /** Set once a template has reported that jobs with device `auto` run on an accelerator. */
  private accelerated = false;

  constructor(private readonly options: JobRunnerOptions) {}

  /** Starts the template, so that the first job need not wait for torch. Throws if it cannot be started. */
  async warmUp(): Promise<void> {
    if (this.mayFork(this.options.device)) await this.liveTemplate().ready;
  }

  /** Throws `TrainerError`; on abort the process checkpoints and exits, and only then the promise rejects. */
  async train(job: TrainingJob, options: TrainOptions): Promise<FinishedTraining> {
    return this.withJobFile(job, options.signal, (onDevice, task) => this.supervise(onDevice, task, options));
  }

  /** As `train`, but loads no weights and only says whether the job would be taken. */
  async check(job: TrainingJob, signal: AbortSignal): Promise<void> {
    await this.withJobFile(job, signal, async (onDevice, { jobFile }) => {
      const events = new TrainingEvents(onDevice, () => undefined);
      const running = await this.start(onDevice, { jobFile, mode: 'check' }, (event) => events.accept(event), signal);
      const release = stopOnAbort(running, signal, this.options.killGraceMs);
      const exit = await running.exited.finally(release);
      signal.throwIfAborted();
      if (exit.code !== trainerExitCodes.ok) throw trainerError(onDevice, exit, events.failureMessage);
    });
  }

  private async withJobFile<Result>(
    job: TrainingJob,
    signal: AbortSignal,
    perform: (job: TrainingJob, task: TrainerTask) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    const onDevice = { ...job, device: job.device === 'auto' ? this.options.device : job.device };
    const jobFile = await writeJobFile(onDevice);
    try {
      return await perform(onDevice, { jobFile, mode: 'run' });
    } finally {
      await rm(jobFile, { force: true });
    }
  }

  /** Ends the template and what it still trains (after a checkpoint). */
  async close(): Promise<void> {
    await this.template?.close();
  }

  private async supervise(
    job: TrainingJob,
    task: TrainerTask,
    { signal, onEvent }: TrainOptions,
  ): Promise<FinishedTraining> {
    const events = new TrainingEvents(job, onEvent);
    const stopIfUnwanted = (event: unknown) => {
      if (!events.accept(event)) running.kill();
    };
    const running: RunningTrainer = await this.start(job, task, stopIfUnwanted, signal);
    const watch = new StallWatch(this.options.stallLimits ?? defaultStallLimits, () => running.kill());
    events.watch = watch;
    const release = stopOnAbort(running, signal, this.options.killGraceMs);
    const exit = await running.exited.finally(() => {
      release();
      watch.end();
    });
    if (events.error !== undefined) throw events.error;
    const finished = exit.code === trainerExitCodes.ok ? events.finished() : undefined;
    if (finished) return finished;
    signal.throwIfAborted();
    if (watch.reason !== undefined) throw hungTrainer(job, watch.reason, exit);
    throw trainerError(job, exit, events.failureMessage);
  }

  private async start(
    job: TrainingJob,
    task: TrainerTask,
    onEvent: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<RunningTrainer> {
    if (!this.mayFork(job.device)) return this.startAlone(job, task, onEvent, signal);
    const template = this.liveTemplate();
    if (job.device === 'cpu' || (await acceleratorOf(template)) === 'cpu') return template.start(task, onEvent);
    this.accelerated = true;
    await template.close();
    return this.startAlone(job, task, onEvent, signal);
  }

  /** In a process of its own; a training with CUDA waits for a GPU first. A check needs none, and waits for none. */
  private async startAlone(
    { device }: TrainingJob,
    task: TrainerTask,
    onEvent: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<RunningTrainer> {
    const { gpus } = this.options;
    if (gpus === undefined || device === 'mps' || task.mode === 'check')
      return startTrainerProcess(this.options, task, onEvent);
    const gpu = await gpus.take(signal);
    const running = startTrainerProcess({ ...this.options, environment: gpu.environment }, task, onEvent);
    gpu.handTo(running.pid);
    const exited = running.exited.then((exit) => {
      if (exit.code === trainerExitCodes.machineFault) gpu.blame();
      return exit;
    });
    return { ...running, exited: exited.finally(() => gpu.release()) };
  }

  private mayFork(device: TrainingJob['device']): boolean {
    return process.platform === 'linux' && (device === 'cpu' || (device === 'auto' && !this.accelerated));
  }

  private liveTemplate(): TrainerTemplate {
    if (!this.template?.alive) this.template = new TrainerTemplate(this.options, this.options.killGraceMs);
    return this.template;
  }
}

/** A template that could not start gives no answer: the job is then forked from it and reports why it ended. */
async function acceleratorOf(template: TrainerTemplate): Promise<'cpu' | 'cuda'> {
  return template.ready.then(
    (facts) => facts.accelerator,
    () => 'cpu',
  );
}

/** Under this attempt's own name: another attempt at the job may be running. */
async function writeJobFile(job: TrainingJob): Promise<string> {
  const file = join(resolve(job.workDirectory), `job-${randomUUID()}.json`);
  try {
    await mkdir(job.workDirectory, { recursive: true });
    await writeFile(file, JSON.stringify(job));
    return file;
  } catch (error) {
    await rm(file, { force: true }).catch(() => undefined);
    throw storageError(`.work/${job.jobId}`, 'the training job cannot be written', error);
  }
}

/** SIGTERM on abort, SIGKILL after the grace period; returns a function that cancels both. */
function stopOnAbort(running: RunningTrainer, signal: AbortSignal, killGraceMs: number): () => void {
  let impatience: NodeJS.Timeout | undefined;
  const onAbort = () => {
    running.stop();
    impatience = setTimeout(() => running.kill(), killGraceMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(impatience);
  };
}

/** Validates the events of one training and sums them up. */
class TrainingEvents {
  /** Thrown by a listener, or because of a malformed event: a bug either way, which ends the training. */
  error: unknown;
  failureMessage: string | undefined;
  /** Hears every event. */
  watch: StallWatch | undefined;
  private started: Extract<TrainingEvent, { event: 'started' }> | undefined;
  private last: Extract<TrainingEvent, { event: 'finished' }> | undefined;

  constructor(
    private readonly job: TrainingJob,
    private readonly onEvent: (event: TrainingEvent) => void,
  ) {}

  /** False if the training should not go on. */
  accept(value: unknown): boolean {
    if (this.error !== undefined) return false;
    const parsed = trainingEventSchema.safeParse(value);
    try {
      if (!parsed.success) throw unknownEvent(this.job, value, parsed.error.message);
      this.watch?.hear(parsed.data);
      this.remember(parsed.data);
      this.onEvent(parsed.data);
      return true;
    } catch (error) {
      this.error = error;
      return false;
    }
  }

  finished(): FinishedTraining | undefined {
    if (!this.started || !this.last) return undefined;
    const { device, precision, examples, tooLong, spelled, versions } = this.started;
    return { ...this.last, device, precision, examples, tooLong, spelled, versions };
  }

  private remember(event: TrainingEvent): void {
    if (event.event === 'started') this.started = event;
    if (event.event === 'finished') this.last = event;
    if (event.event === 'failed') this.failureMessage = event.message;
  }
}

function nameOf(job: TrainingJob): string {
  return `job ${job.jobId.slice(0, 16)} (${basename(job.trainingSet)})`;
}

function unknownEvent(job: TrainingJob, value: unknown, why: string): TrainerError {
  const message = `Trainer wrote an unknown event for ${nameOf(job)}: ${JSON.stringify(value)?.slice(0, 200)}: ${why}`;
  return new TrainerError(message, { exitCode: null, stderrTail: '', retryable: false });
}

/** A heartbeat only says that this process lives. A hung trainer is killed; the retry resumes from a checkpoint. */
function hungTrainer(job: TrainingJob, reason: string, { stderrTail }: TrainerExit): TrainerError {
  const message = `Trainer ${reason} for ${nameOf(job)}: it was killed, and the job goes on at its newest checkpoint`;
  return new TrainerError(message, { exitCode: null, stderrTail, retryable: true });
}

function trainerError(job: TrainingJob, exit: TrainerExit, failureMessage: string | undefined): TrainerError {
  const ended = exit.code === null ? `was killed by ${exit.signal}` : `exited with code ${exit.code}`;
  const lastWords = exit.stderrTail.split('\n').at(-1) || 'it wrote nothing to stderr';
  return new TrainerError(`Trainer ${ended} for ${nameOf(job)}: ${failureMessage ?? lastWords}`, {
    exitCode: exit.code,
    stderrTail: exit.stderrTail,
    // A signal came from outside (the kernel out of memory, an operator): the job resumes.
    retryable: exit.code === null || retryableCodes.includes(exit.code),
  });
}
