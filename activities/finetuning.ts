/** Finetuning one agent on its own training set, and recording the society that results. */
import { Context } from '@temporalio/activity';
import { missingArtifact } from '../src/artifacts/damage';
import { readAttempts } from '../src/artifacts/training-attempts';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import { readSociety } from '../src/artifacts/societies';
import type { FinetuneInput, FinetuneOutcome, RunPlan, RunReference } from '../src/contract/run';
import type { Spending } from '../src/contract/limits';
import type { Society } from '../src/contract/society';
import type { SelectionReport } from '../src/contract/training';
import type { TrainingEvent, WeightsRecord } from '../src/contract/training-job';
import { digestOf, sha256 } from '../src/domain/digests';
import { trainingSeed } from '../src/domain/draws';
import { iterationKeys, modelKey } from '../src/domain/keys';
import { roleSettings } from '../src/domain/role-settings';
import { baseOf, modelOf, nameOfBase, tunedSociety } from '../src/domain/society';
import { nothing } from '../src/domain/spending';
import { lastEpochLoss } from '../src/domain/stopping';
import { ArtifactError } from '../src/errors';
import type { FinishedTraining, Trainer, TrainingRequest } from '../src/ports';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { LoadedRuns } from './loaded-runs';
import { forgetRecordedAttempts, notedAttempt, secondsHeld } from './training-attempts';
import { trainingSettings } from './training-settings';

type OnEvent = (event: TrainingEvent) => void;

export function createFinetuningActivities(dependencies: ActivityDependencies, loadedRuns: LoadedRuns) {
  const { store } = dependencies;

  /** Trains one agent, or returns the result an earlier attempt published. An empty set leaves the weights unchanged. */
  async function finetuneAgent(input: FinetuneInput): Promise<FinetuneOutcome> {
    let latest: TrainingEvent | undefined;
    const train = () => trainOnce(input, (event) => (latest = event));
    const record = await withHeartbeats(train, () => latest);
    const { training } = record;
    const { specification } = (await loadedRuns.run(input)).record;
    const { epochs } = roleSettings(specification.finetuning, input.agent);
    return {
      agent: record.agent,
      model: record.model,
      outcome: record.outcome,
      examples: training?.examples ?? 0,
      tokens: training?.tokens ?? 0,
      seconds: training?.seconds ?? 0,
      loss: training === undefined ? null : lastEpochLoss(training, epochs),
      ...(input.allowedSeconds === undefined ? {} : { charged: await chargedFor(input, record) }),
    };
  }

  async function chargedFor(input: FinetuneInput, { training }: WeightsRecord): Promise<Spending> {
    const recorded = (training?.held ?? []).reduce((sum, { seconds }) => sum + seconds, 0);
    const noted = await secondsHeld(store, iterationKeys.attempts(input, input.agent));
    return { ...nothing, gpuSeconds: Math.ceil(recorded + noted) };
  }

  /** Removes checkpoints only once the record of the training is stored: until then a crash repeats one interval at most. */
  async function trainOnce(input: FinetuneInput, onEvent: OnEvent): Promise<WeightsRecord> {
    const key = iterationKeys.weights(input, input.agent);
    const known = await readSealed<WeightsRecord>(store, key);
    const record =
      known ?? (await publishSealed<WeightsRecord>(store, key, await firstWeights(input, onEvent))).content;
    await forgetRecordedAttempts(store, iterationKeys.attempts(input, input.agent), record.training?.held);
    const trainer = await trainerOf(input);
    if (known?.outcome === 'trained' && !(await trainer.has(known.model))) await makeWeights(input, onEvent);
    const { jobId } = record.training ?? {};
    if (jobId !== undefined) await trainer.release(jobId);
    return record;
  }

  async function makeWeights(input: FinetuneInput, onEvent: OnEvent): Promise<WeightsRecord> {
    const { iteration, agent } = input;
    const trainingSet = await readTrainingSet(input);
    const previous = await loadedRuns.society(input, iteration - 1);
    if (trainingSet.length === 0) {
      const { model, endpoint } = modelOf(previous, agent);
      return { agent, iteration, model, endpoint, outcome: 'empty-training-set' };
    }
    const request = await describe(input, previous, sha256(trainingSet));
    const trainer = await trainerOf(input);
    const signal = Context.current().cancellationSignal;
    const train = (stop: AbortSignal) => trainer.train(request, { signal: stop, onEvent });
    const attempts = iterationKeys.attempts(input, agent);
    const { model, endpoint, jobId, finished } = await notedAttempt(store, attempts, {
      ...{ train, signal, allowedSeconds: input.allowedSeconds },
    });
    const held = (await readAttempts(store, attempts)).map(({ attempt, seconds }) => ({ attempt, seconds }));
    await refuseOtherWeights(input, model);
    const { loss } = request.settings;
    const training = { jobId, ...(loss ? { loss } : {}), ...trainingRecord(finished), held };
    return { agent, iteration, model, endpoint, outcome: 'trained', training };
  }

  async function trainerOf(run: RunReference): Promise<Trainer> {
    const { specification } = (await loadedRuns.run(run)).record;
    return dependencies.trainer(specification.finetuning.trainer);
  }

  /** A concurrent attempt (two platforms on one store) may finish first and remove the working folder. */
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

  /**
   * After a lost record or folder, a training is repeated for a society that exists already. On another machine it may give
   * other weights: a different society from the one that was evaluated.
   */
  async function refuseOtherWeights({ iteration, agent, ...run }: FinetuneInput, made: string): Promise<void> {
    const { record } = await loadedRuns.run(run);
    const weights = await readSealed<WeightsRecord>(store, iterationKeys.weights({ ...run, iteration }, agent));
    const society = await readSociety(store, record, iteration);
    const model = weights?.model ?? (society && modelOf(society, agent).model);
    if (model === undefined || model === made) return;
    throw new ArtifactError(
      `is lost, and training ${agent} again gave other weights (${made}), as it may on another machine or a GPU. ` +
        'Restore the folder from a copy, or start a new run from the society before it (`model.society`)',
      modelKey(model),
    );
  }

  /** Reads the set as selection wrote it: a torn file would train on fewer examples, or none. */
  async function readTrainingSet({ agent, ...place }: FinetuneInput): Promise<Buffer> {
    const key = iterationKeys.trainingSet(place, agent);
    const selection = await readSealed<SelectionReport>(store, iterationKeys.selection(place));
    const recorded = selection?.agents.find((each) => each.agent === agent)?.trainingSetSha256;
    if (recorded !== undefined) return store.readVerified({ key, sha256: recorded });
    const found = await store.read(key);
    if (found === undefined) throw missingArtifact(key);
    return found;
  }

  /** Continues from the agent's own model of the iteration before, or from the base (method.md, Training sets). */
  async function describe(
    { iteration, agent, ...run }: FinetuneInput,
    previous: Society,
    trainingSetSha256: string,
  ): Promise<TrainingRequest> {
    const { runId } = run;
    const { specification } = (await loadedRuns.run(run)).record;
    const base = baseOf(specification, agent);
    const before = modelOf(previous, agent);
    return {
      ...{ runId, iteration, agent, base },
      start: specification.finetuning.from === 'base' ? nameOfBase(base) : before.model,
      trainingSet: { key: iterationKeys.trainingSet({ runId, iteration }, agent), sha256: trainingSetSha256 },
      settings: trainingSettings(specification.finetuning, agent),
      seed: trainingSeed({ seed: specification.seed, iteration, agent }),
      leaveOutSpelledTokens: [base, before].some(({ endpoint }) => dependencies.machine.readsControlTokens(endpoint)),
    };
  }

  /** Society l: each agent with the weights after its finetuning. */
  async function recordSociety(input: { plan: RunPlan; iteration: number }): Promise<{ version: string }> {
    return withHeartbeats(() => societyOf(input));
  }

  async function societyOf({ plan, iteration }: { plan: RunPlan; iteration: number }): Promise<{ version: string }> {
    const { runId, trainedAgents } = plan;
    const previous = await loadedRuns.society(plan, iteration - 1);
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
