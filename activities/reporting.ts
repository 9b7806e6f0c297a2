/** The report: a view of everything the store holds of a run, rebuilt whenever asked. */
import type { ReportRequest, StageTiming } from '../src/contract/run';
import { runKeys } from '../src/domain/keys';
import type { ArtifactStore } from '../src/ports';
import { buildReport, renderHtml, type Report } from '../src/report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { gatherReport } from '../src/runs/gather-report';

export function createReportingActivities({ store, machine }: ActivityDependencies) {
  /** Writes `report.json` and `report.html`; both are views and may be rebuilt by `maft report`. */
  async function writeReport(request: ReportRequest): Promise<{ page: string }> {
    return withHeartbeats(async () => {
      const timings = await withEarlierTimings(store, request);
      const report = buildReport(await gatherReport(store, { ...request, timings }, { prices: machine.prices }));
      await store.writeView(runKeys.reportData(request.runId), `${JSON.stringify(report)}\n`);
      await store.writeView(runKeys.reportPage(request.runId), renderHtml(report));
      return { page: runKeys.reportPage(request.runId) };
    });
  }

  return { writeReport };
}

/** A run that was started again passes finished stages in no time: what they took at first is what counts. */
async function withEarlierTimings(store: ArtifactStore, { runId, timings }: ReportRequest): Promise<StageTiming[]> {
  const bytes = await store.read(runKeys.reportData(runId));
  if (bytes === undefined) return timings;
  const earlier = timingsIn(bytes);
  const sameStage = (timing: StageTiming) =>
    earlier.find(({ stage, iteration }) => stage === timing.stage && iteration === timing.iteration);
  return timings.map((timing) => sameStage(timing) ?? timing);
}

/** A view may be torn, or of another version: then nothing is known of earlier times, and it is written anew. */
function timingsIn(view: Buffer): StageTiming[] {
  try {
    const { timings } = JSON.parse(view.toString('utf8')) as Partial<Report>;
    return Array.isArray(timings) ? timings : [];
  } catch {
    return [];
  }
}
