/** How far a stored run has come, why it ended, and which specification it was started with. */
import { validationSplit } from '../contract/transcript';
import { guardStop } from '../domain/guard';
import { iterationLoss, reasonToStop } from '../domain/stopping';
import type { ArtifactStore } from '../ports';
import { StoredRun } from './stored-run';

export type RunStanding = 'new' | 'unfinished' | 'finished';

/** What the store knows of a run, and whether it was started with this specification. */
export async function standingOf(
  store: ArtifactStore,
  runId: string,
): Promise<{ standing: RunStanding; digest?: string }> {
  const run = await StoredRun.find(store, runId);
  if (run === undefined) return { standing: 'new' };
  const { ended } = await courseOf(run);
  return { standing: ended === undefined ? 'unfinished' : 'finished', digest: run.record.specificationDigest };
}

export interface RunCourse {
  /** Last iteration that has been evaluated; -1 before the first. */
  evaluated: number;
  /** Accuracy (0..1) on the validation split of iterations 0, 1, …; empty without one. */
  validation: number[];
  /** Absent while the run is unfinished; `reason` if it ended before its last planned iteration. */
  ended?: { iteration: number; reason?: string };
}

/** Reads a run's course from its artifacts, by the rules that the workflow itself uses. */
export async function courseOf(run: StoredRun): Promise<RunCourse> {
  const { plan, specification } = run.record;
  const { iterations, stopWhen, scoring } = plan;
  if (plan.skipped !== undefined) {
    return { evaluated: -1, validation: [], ended: { iteration: 0, reason: `skipped: ${plan.skipped}` } };
  }
  const { ended: landed } = await run.landed();
  if (landed !== undefined && landed.last < 0)
    return { evaluated: -1, validation: [], ended: { iteration: 0, reason: landed.why } };
  const losses: (number | null)[] = [];
  const validation: number[] = [];
  for (let iteration = 0; ; iteration += 1) {
    const byGuard = guardStop(await run.guard(iteration));
    const before = { evaluated: iteration - 1, validation };
    if (byGuard !== undefined) return { ...before, ended: { iteration: iteration - 1, reason: byGuard } };
    if ((await run.evaluation(iteration)) === undefined) return before;
    validation.push(...[await run.accuracy(iteration, validationSplit)].filter((share) => share !== undefined));
    if (iteration > 0 && stopWhen?.signal === 'loss')
      losses.push(iterationLoss(specification.finetuning, await run.weights(iteration)));
    const reason = iteration < iterations ? reasonToStop(stopWhen, { losses, validation }) : undefined;
    if (landed?.last === iteration)
      return { evaluated: iteration, validation, ended: { iteration, reason: landed.why } };
    if (iteration === iterations || reason !== undefined) {
      // The measures are stored last in an iteration: a run interrupted before them resumes there.
      const measured = scoring === undefined || (await run.measures(iteration)) !== undefined;
      return { evaluated: iteration, validation, ...(measured ? { ended: { iteration, reason } } : {}) };
    }
  }
}
