/** The report: a view of everything the store holds of a run, rebuilt whenever asked. */
import type { ReportRequest } from '../src/contract/run';
import { runKeys } from '../src/domain/keys';
import { buildReport, renderHtml } from '../src/report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { gatherReport } from '../src/runs/gather-report';
import { storeTimings } from '../src/runs/stage-timings';

export function createReportingActivities({ store, machine }: ActivityDependencies) {
  /** Writes `report.json` and `report.html`; both are views and may be rebuilt by `maft report`. */
  async function writeReport(request: ReportRequest): Promise<{ page: string }> {
    return withHeartbeats(async () => {
      await storeTimings(store, request);
      const report = buildReport(await gatherReport(store, request, { prices: machine.prices }));
      await store.writeView(runKeys.reportData(request.runId), `${JSON.stringify(report)}\n`);
      await store.writeView(runKeys.reportPage(request.runId), renderHtml(report));
      return { page: runKeys.reportPage(request.runId) };
    });
  }

  return { writeReport };
}
