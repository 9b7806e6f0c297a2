/** What the stages of a run took, stored once: a run that is started again passes finished stages in no time. */
import { publishSealed, readSealed } from '../artifacts/sealed';
import type { IterationPlace } from '../domain/keys';
import type { ReportRequest, StageTiming, StageTimings } from '../contract/run';
import { iterationsTo } from '../domain/identifiers';
import { iterationKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';

/** Stores those that no earlier report has stored, unless an earlier start has reached this report. */
export async function storeTimings(
  store: ArtifactStore,
  { runId, throughIteration: iteration, timings }: ReportRequest,
): Promise<void> {
  const stored = await readTimings(store, { runId, iteration: iteration - 1 });
  const isStored = (timing: StageTiming) =>
    stored.some((each) => each.stage === timing.stage && each.iteration === timing.iteration);
  const ended = timings.filter((timing) => !isStored(timing));
  if (ended.length === 0) return;
  await publishSealed<StageTimings>(store, iterationKeys.timings({ runId, iteration }), { timings: ended });
}

/** Of all stages up to the report on an iteration, in their order; empty in runs of older versions. */
export async function readTimings(store: ArtifactStore, { runId, iteration }: IterationPlace): Promise<StageTiming[]> {
  const stored = iterationsTo(iteration).map((each) =>
    readSealed<StageTimings>(store, iterationKeys.timings({ runId, iteration: each })),
  );
  return (await Promise.all(stored)).flatMap((found) => found?.timings ?? []);
}
