/** Which runs, comparisons and evaluations are open, and pausing all of them for a reason of this machine. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { workflowTypes } from '../contract/names';
import { runIdOf } from '../domain/digests';
import { ConfigError } from '../errors';
import { connectClient, embeddedServerTarget } from './temporal-client';

export interface OpenWorkflow {
  workflowId: string;
  runId: string;
  isComparison: boolean;
  /** Whether it is part of another workflow, such as a run of a comparison, which decides for it. */
  isPart: boolean;
}

/** Comparisons, runs, and evaluations that were started by themselves: the parts of a run have a path below its id. */
export async function openWorkflows(client: Client): Promise<OpenWorkflow[]> {
  const comparisons = await openOnes(client, workflowTypes.compare);
  const runs = await openOnes(client, workflowTypes.run);
  const evaluations = await openOnes(client, workflowTypes.evaluate);
  const alone = evaluations.filter(({ workflowId }) => !/\/iteration-\d+\//.test(workflowId));
  return [
    ...comparisons.map((info) => ({ ...openWorkflow(info), isComparison: true })),
    ...[...runs, ...alone].map((info) => openWorkflow(info)),
  ];
}

function openWorkflow({ workflowId, parentExecution }: WorkflowExecutionInfo): OpenWorkflow {
  return { workflowId, runId: runIdOf(workflowId), isComparison: false, isPart: parentExecution !== undefined };
}

/** The open run or comparison of this id. Throws `ConfigError` if there is none. */
export async function openRun(client: Client, run: string): Promise<OpenWorkflow> {
  const found = (await openWorkflows(client)).find(({ runId }) => runId === runIdOf(run));
  if (found === undefined) throw notOpen(runIdOf(run));
  return found;
}

export function notOpen(runId: string): ConfigError {
  return new ConfigError(
    `run "${runId}" is not open; \`maft runs\` lists all, \`maft report ${runId}\` shows a finished one`,
  );
}

/** What is open of one type; the runs of a comparison are runs like any other. */
async function openOnes(client: Client, workflowType: string): Promise<WorkflowExecutionInfo[]> {
  const found: WorkflowExecutionInfo[] = [];
  const query = `WorkflowType = '${workflowType}' AND ExecutionStatus = 'Running'`;
  for await (const info of client.workflow.list({ query })) found.push(info);
  return found;
}

/** How long a server may take to pause everything; one that is slower is asked again. */
const patienceMs = 10_000;

/**
 * Asks every open run on a development server to pause, except those in `known`, and returns the workflow ids it asked.
 * A part is paused by the workflow it belongs to; a run that is paused already keeps its own reason. Throws if the server
 * cannot be asked.
 */
export async function pauseRunsOfServer(
  server: { address: string; namespace: string },
  reason: string,
  known: ReadonlySet<string>,
): Promise<string[]> {
  const client = await connectClient(embeddedServerTarget(server));
  try {
    return await client.withDeadline(Date.now() + patienceMs, () => pauseOpenRuns(client, reason, known));
  } finally {
    await client.connection.close();
  }
}

async function pauseOpenRuns(client: Client, reason: string, known: ReadonlySet<string>): Promise<string[]> {
  const wholes = (await openWorkflows(client)).filter(({ isPart }) => !isPart).map(({ workflowId }) => workflowId);
  const wanted = wholes.filter((workflowId) => !known.has(workflowId));
  const signal = (workflowId: string) => client.workflow.getHandle(workflowId).signal('pause', reason);
  const results = await Promise.allSettled(wanted.map(signal));
  // A workflow that has closed meanwhile is not listed again; any other failure is retried at the next check.
  return wanted.filter((_, index) => results[index]!.status === 'fulfilled');
}
