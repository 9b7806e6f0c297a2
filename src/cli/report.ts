/** `maft report RUN`: where the report is, and its table; rebuilt from the artifacts on request. */
import type { Command } from 'commander';
import { buildReport, renderHtml, type Report } from '../report';
import { gatherReport } from '../runs/gather-report';
import { loadConfig } from '../config';
import { runIdOf } from '../domain/digests';
import { runKeys } from '../domain/keys';
import { readReport, reportFile } from '../runs/stored-report';
import { openStore } from '../wiring';
import { closing } from './run';

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
  let report: Report = await readReport(store, runId);
  if (options.rebuild) {
    const throughIteration = Math.max(0, ...report.iterations.map(({ iteration }) => iteration));
    const prices = (endpoint: string) => config.endpoints[endpoint]?.prices;
    const request = { runId, throughIteration, timings: report.timings };
    report = buildReport(await gatherReport(store, request, { prices }));
    await store.writeView(runKeys.reportData(runId), `${JSON.stringify(report)}\n`);
    await store.writeView(runKeys.reportPage(runId), renderHtml(report));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${closing(report)}\nreport: ${reportFile(config, runId)}\n`);
}
