/** Finetuning one agent on its own training set, and recording the society that results. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Context } from '@temporalio/activity';
import { missingArtifact } from '../src/artifacts/damage';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import type { FinetuneInput, FinetuneOutcome, RunPlan } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import type { Society } from '../src/contract/society';
import type { SelectionReport } from '../src/contract/training';
import type { TrainingEvent, TrainingJob, WeightsRecord } from '../src/contract/training-job';
import { digestOf, sha256 } from '../src/domain/digests';
import { trainingSeed } from '../src/domain/draws';
import { modelName } from '../src/domain/identifiers';
import { iterationKeys, modelKey } from '../src/domain/keys';
import { roleSettings } from '../src/domain/role-settings';
import { baseOf, embeddedEndpoint, modelOf, nameOfBase, tunedSociety } from '../src/domain/society';
import { lastEpochLoss } from '../src/domain/stopping';
import { ArtifactError } from '../src/errors';
import type { FinishedTraining } from '../src/ports';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { RunContexts } from './run-context';
import { trainingSettings } from './training-settings';

type OnEvent = (event: TrainingEvent) => void;

export function createFinetuningActivities(dependencies: ActivityDependencies, contexts: RunContexts) {
  const { store, trainer, machine } = dependencies;

  /** Trains one agent, or returns what an earlier attempt has published. An empty set leaves the weights as they are. */
  async function finetuneAgent(input: FinetuneInput): Promise<FinetuneOutcome> {
    let latest: TrainingEvent | undefined;
    const train = () => trainOnce(input, (event) => (latest = event));
    const record = await withHeartbeats(train, () => latest);
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

  /** Checkpoints go only when the record of what they led to is stored: until then a death costs one interval, no training. */
  async function trainOnce(input: FinetuneInput, onEvent: OnEvent): Promise<WeightsRecord> {
    const key = iterationKeys.weights(input, input.agent);
    const known = await readSealed<WeightsRecord>(store, key);
    const record =
      known ?? (await publishSealed<WeightsRecord>(store, key, await firstWeights(input, onEvent))).content;
    if (known?.outcome === 'trained' && !(await hasModel(known.model))) await makeWeights(input, onEvent);
    const { jobId } = record.training ?? {};
    if (jobId !== undefined) await rm(await store.workDirectory(workName(jobId)), { recursive: true, force: true });
    return record;
  }

  async function makeWeights({ runId, iteration, agent }: FinetuneInput, onEvent: OnEvent): Promise<WeightsRecord> {
    const trainingSet = await readTrainingSet({ runId, iteration, agent });
    const previous = await contexts.society(runId, iteration - 1);
    if (trainingSet.length === 0) {
      return { agent, iteration, model: modelOf(previous, agent).model, outcome: 'empty-training-set' };
    }
    const job = await describeJob({ runId, iteration, agent }, previous, sha256(trainingSet));
    const finished = await trainer.train(job, { signal: Context.current().cancellationSignal, onEvent });
    const model = modelName(runId, iteration, agent, finished.digest);
    await refuseOtherWeights({ runId, iteration, agent }, model);
    await store.publishDirectory(job.outputDirectory, modelKey(model));
    const training = { jobId: job.jobId, ...trainingRecord(finished) };
    return { agent, iteration, model, outcome: 'trained', training };
  }

  /** Another attempt that lives (two platforms on one store) may finish first, and takes the working folder with it. */
  async function firstWeights(input: FinetuneInput, onEvent: OnEvent): Promise<WeightsRecord> {
    try {
      return await makeWeights(input, onEvent);
    } catch (error) {
      if (Context.current().cancellationSignal.aborted) throw error;
      const made = await readSealed<WeightsRecord>(store, iterationKeys.weights(input, input.agent));
      if (made === undefined) throw error;
      return made;
    }
  }

  async function hasModel(model: string): Promise<boolean> {
    return (await store.list(modelKey(model))).length > 0;
  }

  /**
   * Where a record or a folder was lost, a training is done again for a society that exists. On another machine it may end
   * in other weights; those are of another society, and what was evaluated would no longer be what is there.
   */
  async function refuseOtherWeights({ runId, iteration, agent }: FinetuneInput, made: string): Promise<void> {
    const weights = await readSealed<WeightsRecord>(store, iterationKeys.weights({ runId, iteration }, agent));
    const society = await readSealed<Society>(store, iterationKeys.society({ runId, iteration }));
    const model = weights?.model ?? (society && modelOf(society, agent).model);
    if (model === undefined || model === made) return;
    throw new ArtifactError(
      `is lost, and training ${agent} again gave other weights (${made}), as it may on another machine or a GPU. ` +
        'Restore the folder from a copy, or start a new run from the society before it (`model.society`)',
      modelKey(model),
    );
  }

  /** As selection wrote it: a torn one would train on less than was selected, or on nothing. */
  async function readTrainingSet({ agent, ...place }: FinetuneInput): Promise<Buffer> {
    const key = iterationKeys.trainingSet(place, agent);
    const selection = await readSealed<SelectionReport>(store, iterationKeys.selection(place));
    const recorded = selection?.agents.find((each) => each.agent === agent)?.trainingSetSha256;
    if (recorded !== undefined) return store.readVerified({ key, sha256: recorded });
    const found = await store.read(key);
    if (found === undefined) throw missingArtifact(key);
    return found;
  }

  /** The job's id is the digest of all that decides its result: a retry finds its checkpoints, a changed job does not. */
  async function describeJob(
    { runId, iteration, agent }: FinetuneInput,
    previous: Society,
    trainingSetSha256: string,
  ): Promise<TrainingJob> {
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
    const leaveOutSpelledTokens = own.endpoint !== embeddedEndpoint;
    // Only where it decides anything: jobs on the embedded server keep the ids they had before there was such a field.
    const exception = leaveOutSpelledTokens ? { leaveOutSpelledTokens } : {};
    const jobId = digestOf({ runId, iteration, agent, start, trainingSetSha256, ...deciding, ...exception });
    const workDirectory = await store.workDirectory(workName(jobId));
    return {
      jobId,
      base,
      startFrom: start === nameOfBase(own) ? base : await store.localPath(modelKey(start)),
      trainingSet: await store.localPath(iterationKeys.trainingSet({ runId, iteration }, agent)),
      workDirectory,
      outputDirectory: path.join(workDirectory, `output-${randomUUID()}`),
      leaveOutSpelledTokens,
      ...deciding,
    };
  }

  /** Society l: each agent with the weights its finetuning left it with. */
  async function recordSociety(input: { plan: RunPlan; iteration: number }): Promise<{ version: string }> {
    return withHeartbeats(() => societyOf(input));
  }

  async function societyOf({ plan, iteration }: { plan: RunPlan; iteration: number }): Promise<{ version: string }> {
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

function workName(jobId: string): string {
  return `training/${jobId}`;
}

/** The model training continues from: the agent's own of the iteration before, or the base (method, section 3). */
function startingModel(specification: RunSpecification, previous: Society, agent: string): string {
  const { from } = specification.finetuning;
  return from === 'base' ? nameOfBase(baseOf(specification, agent)) : modelOf(previous, agent).model;
}

function trainingRecord(finished: FinishedTraining): Omit<NonNullable<WeightsRecord['training']>, 'jobId'> {
  const { examples, steps, tokens, seconds, device, precision, peakGpuMemoryBytes, digest, lossCurve, versions } =
    finished;
  const outcomes = {
    ...(finished.tooLong ? { tooLong: finished.tooLong } : {}),
    ...(finished.spelled ? { spelled: finished.spelled } : {}),
    ...(finished.unchanged ? { unchanged: true as const } : {}),
  };
  return {
    examples,
    ...outcomes,
    steps,
    tokens,
    seconds,
    device,
    precision,
    peakGpuMemoryBytes,
    digest,
    lossCurve,
    versions,
  };
}
