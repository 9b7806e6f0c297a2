/** `maft status [RUN]`: what a run is doing now; without a name, every open run. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import type { ComparisonProgress } from '../contract/comparison';
import type { RunProgress } from '../contract/run';
import { runIdOf } from '../domain/digests';
import { rootWorkflowId } from '../domain/identifiers';
import { loadConfig } from '../machine/config';
import { notOpen, openWorkflows, type OpenWorkflow } from '../machine/open-workflows';
import { readProgress } from '../runs/progress';
import { stageName } from '../runs/progress-display';
import { isOpen } from '../runs/start-run';
import { withRunningServers } from '../runs/with-platform';
import { lowDisks } from '../machine/supervision/disk-watch';
import { visibleJson, visibleText } from '../visible-text';

interface StatusOptions {
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('status')
    .description('what a run or a comparison is doing: stage, problems, calls, accuracy so far')
    .argument('[run]', 'id of a run or a comparison; default: every open one')
    .option('--json', 'one JSON object per run and line, with its workflow id')
    .addHelpText('after', '\nExamples:\n  maft status\n  maft status demo --json')
    .action(status);
}

async function status(run: string | undefined, options: StatusOptions): Promise<void> {
  await sayLowDisks();
  await withRunningServers(async ({ client }) => {
    const open = await openWorkflows(client);
    const wanted = run === undefined ? open : open.filter(({ runId }) => runId === runIdOf(run));
    if (wanted.length === 0 && run === undefined)
      process.stderr.write('no run is open; `maft runs` lists the finished ones\n');
    const lines = await Promise.all(wanted.map((workflow) => lineOf(client, workflow, options)));
    const known = lines.filter((line) => line !== undefined);
    if (run !== undefined && known.length === 0) throw notOpen(runIdOf(run));
    known.forEach((line) => process.stdout.write(`${visibleText(line)}\n`));
  });
}

/** Printed first and in any case: a server whose disk is full may not even answer. */
async function sayLowDisks(): Promise<void> {
  const { maftHome, store, disk } = loadConfig();
  const low = await lowDisks({ folders: [maftHome, store], marginBytes: disk.marginBytes });
  for (const sentence of low) process.stderr.write(`${visibleText(sentence)}\n`);
}

/** A running worker answers within a second or two; without one, the query would wait for minutes. */
const patienceMs = 10_000;

/** One line; undefined if it has closed since it was listed. One that cannot be asked does not hide the others. */
export async function lineOf(
  client: Client,
  { workflowId, isComparison }: Pick<OpenWorkflow, 'workflowId' | 'isComparison'>,
  { json }: StatusOptions,
  waitMs = patienceMs,
): Promise<string | undefined> {
  const ask = async () => {
    if (isComparison) {
      const answer = await client.workflow.getHandle(workflowId).query<ComparisonProgress>('progress');
      // Until its specification is resolved, a workflow has not been told its own id.
      const progress = { ...answer, comparisonId: answer.comparisonId || runIdOf(workflowId) };
      return json ? visibleJson({ ...progress, workflowId }) : describeComparison(progress, workflowId);
    }
    const answer = await readProgress(client, workflowId);
    const progress = { ...answer, runId: answer.runId || runIdOf(workflowId) };
    return json ? visibleJson({ ...progress, workflowId }) : describe(progress, workflowId);
  };
  try {
    return await client.withDeadline(Date.now() + waitMs, ask);
  } catch {
    if (!(await isOpen(client, workflowId))) return undefined;
    const reason = await whyUnanswered(client, workflowId);
    return json ? visibleJson({ workflowId, unanswered: reason }) : `${workflowId}: open, but ${reason}`;
  }
}

/** A worker that cannot continue a workflow does not answer queries for it either; its last failure is in the history. */
async function whyUnanswered(client: Client, workflowId: string): Promise<string> {
  const nobody = 'no worker answers for it; start `npx maft up` or `maft worker`';
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 3,
  });
  const failed = (history?.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: each }) => each?.failure ?? []);
  const [{ message } = { message: '' }] = failed;
  if (!message) return nobody;
  const [sentence = ''] = message.split('\n');
  return /nondeterminism/i.test(message)
    ? `this version of the program is not the one it was begun with (${sentence.slice(0, 200)}); start workers of that version, or \`cancel\` it and start it again`
    : `its worker cannot go on with it: ${sentence.slice(0, 300)}`;
}

function describeComparison(progress: ComparisonProgress, workflowId: string): string {
  const { comparisonId, runs, openRuns, paused, pauseReason } = progress;
  const parts = [
    `${comparisonId}: ${runs.done} of ${runs.total} runs finished`,
    openRuns.length > 0 ? `open: ${openRuns.join(', ')}` : '',
    runs.failed.length > 0 ? `${runs.failed.length} failed` : '',
    paused ? `PAUSED: ${pauseReason ?? 'on request'}` : '',
    otherWorkflowId(comparisonId, workflowId),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

/** One line for a person. Exported for tests. */
export function describe(progress: RunProgress, workflowId: string): string {
  const { done, total, failed } = progress.problems;
  const { calls, completionTokens, withoutCompletionTokens = 0 } = progress.counts;
  const accuracy = Object.entries(progress.accuracy).map(([l, value]) => `${l}: ${(100 * value).toFixed(1)} %`);
  const parts = [
    `${progress.runId}: ${stageName(progress).trimEnd()} ${done}/${total}`,
    failed > 0 ? `${failed} failed` : '',
    `${calls} calls, ${withoutCompletionTokens > 0 ? 'at least ' : ''}${completionTokens} completion tokens`,
    accuracy.length > 0 ? `accuracy by iteration ${accuracy.join(', ')}` : '',
    progress.deadline === undefined ? '' : `to end by ${progress.deadline}`,
    progress.landing === undefined ? '' : `LANDING: ${progress.landing.why}`,
    progress.paused ? `PAUSED: ${progress.pauseReason ?? 'on request'}` : '',
    approvalText(progress),
    otherWorkflowId(progress.runId, workflowId),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function approvalText({ runId, approval }: RunProgress): string {
  if (approval === undefined) return '';
  const { question, until, otherwise } = approval;
  return `ASKS for \`maft line approve ${runId}\` or \`reject\` until ${until}, then ${otherwise}: ${question}`;
}

/** The workflow id for signals and queries, if it is not the run id's own: schedules add a time with colons. */
function otherWorkflowId(runId: string, workflowId: string): string {
  return workflowId === rootWorkflowId(runId) ? '' : `workflow id ${workflowId}`;
}
