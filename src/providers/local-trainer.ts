/** The port `Trainer` on this machine: stages a request's files in folders on the store's disk, and publishes there. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatLines } from '../artifacts/lines';
import type { TrainingJob } from '../contract/training-job';
import { digestOf } from '../domain/digests';
import { modelName } from '../domain/identifiers';
import { modelKey } from '../domain/keys';
import { modelShape } from '../domain/model-shape';
import { probeAdapter } from '../domain/probe-adapter';
import { nameOfBase, type BaseOfAgent } from '../domain/society';
import { ownDevice } from './shared-device';
import type { LocalFolders, SharedDevice, TrainedModel, Trainer, TrainingCheck, TrainingRequest } from '../ports';
import type { JobRunner } from './job-runner';

/** What of this machine a training needs. */
export interface TrainingMachine {
  folders: LocalFolders;
  /** The name of a base's very weights, which are fetched if need be; rejects with a `ConfigError` if they cannot be had. */
  pinBase: (base: string) => Promise<string>;
  /** Finds or fetches a base by that name; rejects as `pinBase`. */
  findBase: (base: string) => Promise<{ folder: string }>;
  /** Rejects with a `ConfigError` if server or trainer would refuse the folder of a base model. */
  requireReadableModel: (folder: string) => Promise<void>;
  device: TrainingJob['device'];
  /** Default: trainings need not wait for a model server's memory. */
  sharedDevice?: SharedDevice;
  /** Torch threads of one training; with the device, part of what makes weights repeatable. */
  threads: number;
}

/** Its models are served by the endpoint of their base, which resolves names from the store's folder `models`. */
export class LocalTrainer implements Trainer {
  constructor(
    private readonly runner: JobRunner,
    private readonly machine: TrainingMachine,
  ) {}

  pin({ base }: BaseOfAgent): Promise<string> {
    return this.machine.pinBase(base);
  }

  async check({ base: own, settings, examples }: TrainingCheck, signal: AbortSignal): Promise<void> {
    const { folders, findBase, requireReadableModel, device, threads } = this.machine;
    const { folder: base } = await findBase(own.base);
    await requireReadableModel(base);
    const work = `training/check-${randomUUID()}`;
    const workDirectory = await folders.workDirectory(work);
    try {
      const trainingSet = join(workDirectory, 'prompts.jsonl');
      await writeFile(trainingSet, formatLines(examples));
      const job = {
        jobId: '0'.repeat(16),
        ...{ base, servedBase: nameOfBase(own), startFrom: base, trainingSet, workDirectory },
        ...{ outputDirectory: join(workDirectory, 'output'), leaveOutSpelledTokens: false },
        ...settings,
        ...{ seed: 0, device, threads },
      };
      await this.runner.check(job, signal);
    } finally {
      await folders.removeWork(work);
    }
  }

  async placeProbe(own: BaseOfAgent, rank: number): Promise<string | undefined> {
    const { folders, findBase } = this.machine;
    const { folder } = await findBase(own.base);
    const shape = modelShape(
      JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>,
    );
    if (shape === undefined) return undefined;
    const { name, files } = probeAdapter(shape, { base: nameOfBase(own), rank });
    if (await folders.has(modelKey(name))) return name;
    const work = `training/${name}-${randomUUID()}`;
    const directory = join(await folders.workDirectory(work), 'output');
    try {
      await mkdir(directory);
      for (const [file, content] of Object.entries(files)) await writeFile(join(directory, file), content);
      await folders.publishDirectory(directory, modelKey(name));
      return name;
    } finally {
      await folders.removeWork(work);
    }
  }

  async train(request: TrainingRequest, options: Parameters<Trainer['train']>[1]): Promise<TrainedModel> {
    const job = await this.stage(request);
    const { sharedDevice = ownDevice } = this.machine;
    const finished = await sharedDevice.during(() => this.runner.train(job, options));
    const { runId, iteration, agent, base } = request;
    const model = modelName(runId, iteration, agent, finished.digest);
    await this.machine.folders.publishDirectory(job.outputDirectory, modelKey(model));
    return { model, endpoint: base.endpoint, jobId: job.jobId, finished };
  }

  async has(model: string): Promise<boolean> {
    return this.machine.folders.has(modelKey(model));
  }

  async release(jobId: string): Promise<void> {
    await this.machine.folders.removeWork(workName(jobId));
  }

  private async stage(request: TrainingRequest): Promise<TrainingJob> {
    const { base: own, start, trainingSet, settings, seed, leaveOutSpelledTokens } = request;
    const { folders, findBase, device, threads } = this.machine;
    const { folder: base } = await findBase(own.base);
    const jobId = localJobId(request, { device, threads });
    const workDirectory = await folders.workDirectory(workName(jobId));
    return {
      jobId,
      base,
      startFrom: start === nameOfBase(own) ? base : await folders.localPath(modelKey(start)),
      trainingSet: await folders.localPath(trainingSet.key),
      workDirectory,
      outputDirectory: join(workDirectory, `output-${randomUUID()}`),
      leaveOutSpelledTokens,
      servedBase: nameOfBase(own),
      ...settings,
      ...{ seed, threads, device },
    };
  }
}

/** The digest of all that decides the result: a retry finds its checkpoints, a changed job does not. */
export function localJobId(
  { runId, iteration, agent, base, start, trainingSet, settings, seed, leaveOutSpelledTokens }: TrainingRequest,
  machine: Pick<TrainingMachine, 'device' | 'threads'>,
): string {
  // Only if true: jobs on the embedded server keep the ids they had before this field existed.
  const exception = leaveOutSpelledTokens ? { leaveOutSpelledTokens } : {};
  const learnt = { runId, iteration, agent, start, trainingSetSha256: trainingSet.sha256, seed };
  return digestOf({ ...learnt, servedBase: nameOfBase(base), ...settings, ...machine, ...exception });
}

function workName(jobId: string): string {
  return `training/${jobId}`;
}
