/** `maft report RUN`: where the report is, and its table; rebuilt from the artifacts on request. */
import type { Command } from 'commander';
import { buildReport, renderHtml, type Report } from '../report';
import { gatherReport } from '../stored-runs/gather-report';
import { loadConfig, pricesOf, type MachineConfig } from '../machine/config';
import { runIdOf } from '../domain/digests';
import { runKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';
import { courseOf } from '../stored-runs/standing';
import { readReport, StoredRun } from '../stored-runs/stored-run';
import { openStore } from '../machine/open-store';
import { closing } from './run';
import { visibleJson } from '../visible-text';

interface ReportOptions {
  json?: boolean;
  rebuild?: boolean;
}

export function register(program: Command): void {
  program
    .command('report')
    .description("show a run's results and where its report.html is")
    .argument('<run>', 'run id, such as demo')
    .option('--json', 'print the report as JSON')
    .option('--rebuild', 'make report.html and report.json anew from the artifacts')
    .addHelpText('after', '\nExamples:\n  maft report demo\n  maft report demo --json | jq .rows')
    .action(show);
}

async function show(run: string, options: ReportOptions): Promise<void> {
  const config = loadConfig();
  const store = openStore(config);
  const runId = runIdOf(run);
  const report = options.rebuild ? await rebuild(store, config, runId) : await readReport(store, runId);
  if (options.json) process.stdout.write(`${visibleJson(report)}\n`);
  else process.stdout.write(`${closing(report)}\nreport: ${store.addressOf(runKeys.reportPage(runId))}\n`);
}

/** Rebuilds from the artifacts, except stage times of runs of older versions, which are stored only in their report. */
async function rebuild(store: ArtifactStore, config: MachineConfig, runId: string): Promise<Report> {
  const run = await StoredRun.find(store, runId);
  const evaluated = run === undefined ? -1 : (await courseOf(run)).evaluated;
  if (run === undefined || evaluated < 0) return readReport(store, runId);
  const prices = (endpoint: string) => pricesOf(config, endpoint);
  const input = await gatherReport(run, evaluated, { prices });
  const timings =
    input.timings.length > 0
      ? input.timings
      : await readReport(store, runId).then(
          (before) => before.timings,
          () => [],
        );
  const report = buildReport({ ...input, timings });
  await store.writeView(runKeys.reportData(runId), `${visibleJson(report)}\n`);
  await store.writeView(runKeys.reportPage(runId), renderHtml(report));
  return report;
}
