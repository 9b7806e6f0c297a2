/** Finetuning one agent on its own training set, and recording the society that results. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import type { FinetuneInput, FinetuneOutcome, RunPlan } from '../src/contract/run';
import { defaultLearningRates, type FinetuningSettings, type RunSpecification } from '../src/contract/specification';
import type { Society } from '../src/contract/society';
import type { TrainingEvent, TrainingJob, WeightsRecord } from '../src/contract/training-job';
import { digestOf, sha256 } from '../src/domain/digests';
import { trainingSeed } from '../src/domain/draws';
import { modelName } from '../src/domain/identifiers';
import { iterationKeys, modelKey } from '../src/domain/keys';
import { roleSettings } from '../src/domain/role-settings';
import { baseOf, modelOf, nameOfBase, tunedSociety } from '../src/domain/society';
import { lastEpochLoss } from '../src/domain/stopping';
import { ArtifactError } from '../src/errors';
import type { FinishedTraining } from '../src/ports';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { RunContexts } from './run-context';

export function createFinetuningActivities(dependencies: ActivityDependencies, contexts: RunContexts) {
  const { store, trainer, machine } = dependencies;

  /** Trains one agent, or returns what an earlier attempt has published. An empty set leaves the weights as they are. */
  async function finetuneAgent(input: FinetuneInput): Promise<FinetuneOutcome> {
    const key = iterationKeys.weights(input, input.agent);
    const known = await readSealed<WeightsRecord>(store, key);
    const record = known ?? (await publishSealed<WeightsRecord>(store, key, await makeWeights(input))).content;
    const { training } = record;
    const { specification } = (await contexts.run(input.runId)).record;
    const { epochs } = roleSettings(specification.finetuning, input.agent);
    return {
      agent: record.agent,
      model: record.model,
      outcome: record.outcome,
      examples: training?.examples ?? 0,
      tokens: training?.tokens ?? 0,
      seconds: training?.seconds ?? 0,
      loss: training === undefined ? null : lastEpochLoss(training, epochs),
    };
  }

  async function makeWeights({ runId, iteration, agent }: FinetuneInput): Promise<WeightsRecord> {
    const trainingSet = await store.read(iterationKeys.trainingSet({ runId, iteration }, agent));
    if (trainingSet === undefined) {
      throw new ArtifactError('is missing from the store', iterationKeys.trainingSet({ runId, iteration }, agent));
    }
    const previous = await contexts.society(runId, iteration - 1);
    if (trainingSet.length === 0) {
      return { agent, iteration, model: modelOf(previous, agent).model, outcome: 'empty-training-set' };
    }
    const { job, workDirectory } = await describeJob({ runId, iteration, agent }, previous, sha256(trainingSet));
    const finished = await superviseTraining(job);
    const model = modelName(runId, iteration, agent, finished.digest);
    await store.publishDirectory(job.outputDirectory, modelKey(model));
    await rm(workDirectory, { recursive: true, force: true });
    return { agent, iteration, model, outcome: 'trained', training: trainingRecord(finished) };
  }

  /** The job's id is the digest of all that decides its result: a retry finds its checkpoints, a changed job does not. */
  async function describeJob({ runId, iteration, agent }: FinetuneInput, previous: Society, trainingSetSha256: string) {
    const { record } = await contexts.run(runId);
    const { specification } = record;
    const own = baseOf(specification, agent);
    const base = machine.modelFolder(own.base);
    const start = startingModel(specification, previous, agent);
    const deciding = {
      servedBase: nameOfBase(own),
      ...trainingSettings(specification.finetuning, agent),
      seed: trainingSeed({ seed: specification.seed, iteration, agent }),
      threads: machine.trainerThreads,
      device: machine.trainerDevice,
    };
    const jobId = digestOf({ runId, iteration, agent, start, trainingSetSha256, ...deciding });
    const workDirectory = await store.workDirectory(`training/${jobId}`);
    const job: TrainingJob = {
      jobId,
      base,
      startFrom: start === nameOfBase(own) ? base : await store.localPath(modelKey(start)),
      trainingSet: await store.localPath(iterationKeys.trainingSet({ runId, iteration }, agent)),
      workDirectory,
      outputDirectory: path.join(workDirectory, `output-${randomUUID()}`),
      ...deciding,
    };
    return { job, workDirectory };
  }

  async function superviseTraining(job: TrainingJob): Promise<FinishedTraining> {
    let latest: TrainingEvent | undefined;
    const run = () =>
      trainer.train(job, { signal: Context.current().cancellationSignal, onEvent: (event) => (latest = event) });
    return withHeartbeats(run, () => latest);
  }

  /** Society l: each agent with the weights its finetuning left it with. */
  async function recordSociety({
    plan,
    iteration,
  }: {
    plan: RunPlan;
    iteration: number;
  }): Promise<{ version: string }> {
    const { runId, trainedAgents } = plan;
    const previous = await contexts.society(runId, iteration - 1);
    const weights = await Promise.all(
      trainedAgents.map((agent) =>
        requireSealed<WeightsRecord>(store, iterationKeys.weights({ runId, iteration }, agent)),
      ),
    );
    const society = tunedSociety(previous, iteration, weights);
    const versioned: Society = { ...society, version: digestOf(society) };
    const { content } = await publishSealed(store, iterationKeys.society({ runId, iteration }), versioned);
    return { version: content.version };
  }

  return { finetuneAgent, recordSociety };
}

/** The model training continues from: the agent's own of the iteration before, or the base (method, section 3). */
function startingModel(specification: RunSpecification, previous: Society, agent: string): string {
  const { from } = specification.finetuning;
  return from === 'base' ? nameOfBase(baseOf(specification, agent)) : modelOf(previous, agent).model;
}

function trainingSettings(finetuning: FinetuningSettings, agent: string) {
  const settings = roleSettings(finetuning, agent);
  const { weights, epochs, batchSize, maxLength, schedule, warmupShare, weightDecay, checkpointEverySeconds } =
    settings;
  const learningRate = settings.learningRate ?? defaultLearningRates[weights === 'full' ? 'full' : 'lora'];
  return {
    weights,
    epochs,
    batchSize,
    maxLength,
    schedule,
    warmupShare,
    weightDecay,
    checkpointEverySeconds,
    learningRate,
  };
}

function trainingRecord(finished: FinishedTraining): WeightsRecord['training'] {
  const { examples, steps, tokens, seconds, device, precision, peakGpuMemoryBytes, digest, lossCurve, versions } =
    finished;
  return { examples, steps, tokens, seconds, device, precision, peakGpuMemoryBytes, digest, lossCurve, versions };
}
