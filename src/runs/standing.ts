/** What the store knows of a run: how far it has come, why it ended, and which specification it was started with. */
import { readSealed } from '../artifacts/sealed';
import type { Evaluation } from '../contract/evaluation';
import type { GuardReport } from '../contract/guard';
import type { RunRecord } from '../contract/run';
import type { WeightsRecord } from '../contract/training-job';
import { validationSplit } from '../contract/transcript';
import { guardStop } from '../domain/guard';
import { iterationKeys, runKeys } from '../domain/keys';
import { iterationLoss, reasonToStop } from '../domain/stopping';
import type { ArtifactStore } from '../ports';

export type RunStanding = 'new' | 'unfinished' | 'finished';

/** What the store knows of a run, and whether it was started with this specification. */
export async function standingOf(
  store: ArtifactStore,
  runId: string,
): Promise<{ standing: RunStanding; digest?: string }> {
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) return { standing: 'new' };
  const { ended } = await courseOf(store, record);
  return { standing: ended === undefined ? 'unfinished' : 'finished', digest: record.specificationDigest };
}

export interface RunCourse {
  /** Last iteration that has been evaluated; -1 before the first. */
  evaluated: number;
  /** Accuracy (0..1) on the validation split of iterations 0, 1, …; empty without one. */
  validation: number[];
  /** Absent while the run is unfinished; `reason` where it ended before its last planned iteration. */
  ended?: { iteration: number; reason?: string };
}

/** Reads a run's course from its artifacts, with the rules the workflow itself goes by. */
export async function courseOf(store: ArtifactStore, { runId, plan, specification }: RunRecord): Promise<RunCourse> {
  const { iterations, stopWhen, trainedAgents, scoring } = plan;
  const losses: (number | null)[] = [];
  const validation: number[] = [];
  for (let iteration = 0; ; iteration += 1) {
    const place = { runId, iteration };
    const halted = guardStop(await readSealed<GuardReport>(store, iterationKeys.guard(place)));
    const before = { evaluated: iteration - 1, validation };
    if (halted !== undefined) return { ...before, ended: { iteration: iteration - 1, reason: halted } };
    if ((await readSealed<Evaluation>(store, iterationKeys.evaluation(place))) === undefined) return before;
    validation.push(...(await validated(store, place)));
    if (iteration > 0 && stopWhen?.signal === 'loss') {
      const records = trainedAgents.map((agent) =>
        readSealed<WeightsRecord>(store, iterationKeys.weights(place, agent)),
      );
      const weights = (await Promise.all(records)).filter((record) => record !== undefined);
      losses.push(iterationLoss(specification.finetuning, weights));
    }
    const reason = iteration < iterations ? reasonToStop(stopWhen, { losses, validation }) : undefined;
    if (iteration === iterations || reason !== undefined) {
      // The measures are the last that is kept of an iteration: a run cut off before them is gone on with.
      const measured = scoring === undefined || (await store.read(iterationKeys.measures(place))) !== undefined;
      return { evaluated: iteration, validation, ...(measured ? { ended: { iteration, reason } } : {}) };
    }
  }
}

async function validated(store: ArtifactStore, place: { runId: string; iteration: number }): Promise<number[]> {
  const found = await readSealed<Evaluation>(store, iterationKeys.evaluation(place, validationSplit));
  const society = found?.modes.find(({ mode }) => mode === 'society');
  return society === undefined ? [] : [society.accuracy];
}
