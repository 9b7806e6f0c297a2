/** `maft status [RUN]`: what a run is doing now; without a name, every open run. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { workflowIdPrefix, workflowTypes } from '../contract/names';
import type { ComparisonProgress } from '../contract/comparison';
import type { RunProgress } from '../contract/run';
import { runIdOf } from '../domain/digests';
import { rootWorkflowId } from '../domain/identifiers';
import { ConfigError } from '../errors';
import { readProgress } from '../runs/progress';
import { stageName } from '../runs/progress-display';
import { isOpen } from '../runs/start-run';
import { withRunningServers } from '../runs/with-platform';

interface StatusOptions {
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('status')
    .description('what a run or a comparison is doing: stage, problems, calls, accuracy so far')
    .argument('[run]', 'id of a run or a comparison; default: every open one')
    .option('--json', 'one JSON object per run and line')
    .addHelpText('after', '\nExamples:\n  maft status\n  maft status demo --json')
    .action(status);
}

async function status(run: string | undefined, options: StatusOptions): Promise<void> {
  await withRunningServers(async ({ client }) => {
    const comparisons = await openOnes(client, workflowTypes.compare);
    for (const id of comparisons.filter((each) => run === undefined || each === runIdOf(run))) {
      const progress = await client.workflow.getHandle(rootWorkflowId(id)).query<ComparisonProgress>('progress');
      process.stdout.write(`${options.json ? JSON.stringify(progress) : describeComparison(progress)}\n`);
    }
    if (run !== undefined && comparisons.includes(runIdOf(run))) return;
    const runs = run === undefined ? await openRuns(client) : [runIdOf(run)];
    if (runs.length === 0) process.stderr.write('no run is open; `maft runs` lists the finished ones\n');
    for (const runId of runs) {
      const progress = await progressOf(client, runId);
      process.stdout.write(`${options.json ? JSON.stringify(progress) : describe(progress)}\n`);
    }
  });
}

async function progressOf(client: Client, runId: string): Promise<RunProgress> {
  const workflowId = rootWorkflowId(runId);
  if (await isOpen(client, workflowId)) return readProgress(client, workflowId);
  throw new ConfigError(
    `run "${runId}" is not open; \`maft runs\` lists all, \`maft report ${runId}\` shows a finished one`,
  );
}

/** Runs, and evaluations that were started by themselves: the parts of a run have a path below its id. */
async function openRuns(client: Client): Promise<string[]> {
  const evaluations = await openOnes(client, workflowTypes.evaluate);
  return [...(await openOnes(client, workflowTypes.run)), ...evaluations.filter((id) => !id.includes('/'))];
}

/** Ids of what is open of one type; the runs of a comparison are runs like any other. */
async function openOnes(client: Client, workflowType: string): Promise<string[]> {
  const found: string[] = [];
  const query = `WorkflowType = '${workflowType}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query }))
    found.push(workflowId.slice(workflowIdPrefix.length));
  return found;
}

function describeComparison({ comparisonId, runs, openRuns, paused, pauseReason }: ComparisonProgress): string {
  const parts = [
    `${comparisonId}: ${runs.done} of ${runs.total} runs finished`,
    openRuns.length > 0 ? `open: ${openRuns.join(', ')}` : '',
    runs.failed.length > 0 ? `${runs.failed.length} failed` : '',
    paused ? `PAUSED: ${pauseReason ?? 'on request'}` : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

export function describe(progress: RunProgress): string {
  const { done, total, failed } = progress.problems;
  const accuracy = Object.entries(progress.accuracy).map(([l, value]) => `${l}: ${(100 * value).toFixed(1)} %`);
  const parts = [
    `${progress.runId}: ${stageName(progress).trimEnd()} ${done}/${total}`,
    failed > 0 ? `${failed} failed` : '',
    `${progress.counts.calls} calls, ${progress.counts.completionTokens} completion tokens`,
    accuracy.length > 0 ? `accuracy by iteration ${accuracy.join(', ')}` : '',
    progress.paused ? `PAUSED: ${progress.pauseReason ?? 'on request'}` : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
