/** Calls and seconds of a run's stages, stored once: a restarted run passes finished stages in no time. */
import { publishSealed } from '../artifacts/sealed';
import type { ReportRequest, StageTiming, StageTimings } from '../contract/run';
import { iterationKeys } from '../domain/keys';
import type { StoredRun } from './stored-run';

/** Stores those that no earlier report has stored, unless an earlier start has reached this report. */
export async function storeTimings(run: StoredRun, { throughIteration: iteration, timings }: ReportRequest) {
  const stored = await run.timings(iteration - 1);
  const isStored = (timing: StageTiming) =>
    stored.some((each) => each.stage === timing.stage && each.iteration === timing.iteration);
  const ended = timings.filter((timing) => !isStored(timing));
  if (ended.length === 0) return;
  const { runId } = run.record;
  await publishSealed<StageTimings>(run.store, iterationKeys.timings({ runId, iteration }), { timings: ended });
}
