/** The report: a view of everything the store holds of a run, rebuilt whenever asked. */
import { publishSealed, requireSealed } from '../src/artifacts/sealed';
import type { ReportRequest, RunRecord, StageTiming, StageTimings } from '../src/contract/run';
import { iterationKeys, runKeys } from '../src/domain/keys';
import { buildReport, renderHtml } from '../src/report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { gatherReport } from '../src/stored-runs/gather-report';
import { StoredRun } from '../src/stored-runs/stored-run';

export function createReportingActivities({ store, machine }: ActivityDependencies) {
  /** Writes `report.json` and `report.html`; both are views and may be rebuilt by `maft report`. */
  async function writeReport(request: ReportRequest): Promise<{ page: string }> {
    return withHeartbeats(async () => {
      const { runId, throughIteration } = request;
      const run = new StoredRun(store, await requireSealed<RunRecord>(store, runKeys.record(runId)));
      await storeTimings(run, request);
      const report = buildReport(await gatherReport(run, throughIteration, { prices: machine.prices }));
      await store.writeView(runKeys.reportData(runId), `${JSON.stringify(report)}\n`);
      await store.writeView(runKeys.reportPage(runId), renderHtml(report));
      return { page: runKeys.reportPage(runId) };
    });
  }

  return { writeReport };
}

/**
 * Stores the times of stages that no earlier report has stored, since a restarted run passes finished ones in no time; unless an earlier start has reached this report.
 */
async function storeTimings(run: StoredRun, { throughIteration: iteration, timings }: ReportRequest) {
  const stored = await run.timings(iteration - 1);
  const isStored = (timing: StageTiming) =>
    stored.some((each) => each.stage === timing.stage && each.iteration === timing.iteration);
  const ended = timings.filter((timing) => !isStored(timing));
  if (ended.length === 0) return;
  const { runId } = run.record;
  await publishSealed<StageTimings>(run.store, iterationKeys.timings({ runId, iteration }), { timings: ended });
}
