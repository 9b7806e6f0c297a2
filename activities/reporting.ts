/** The report: a view of everything the store holds of a run, rebuilt whenever asked. */
import { requireSealed } from '../src/artifacts/sealed';
import type { ReportRequest, RunRecord } from '../src/contract/run';
import { runKeys } from '../src/domain/keys';
import { buildReport, renderHtml } from '../src/report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { gatherReport } from '../src/stored-runs/gather-report';
import { storeTimings } from '../src/stored-runs/stage-timings';
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
