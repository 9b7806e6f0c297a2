/** What Temporal says of runs that the store holds unfinished: running, paused, failed, cancelled, and why. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { PartProgress } from '../contract/run';

export interface RunState {
  /** `not open`: the server does not know it (any more); starting it again continues it. */
  state: 'running' | 'paused' | 'failed' | 'cancelled' | 'terminated' | 'not open';
  /** Why it is paused or has failed, if known; one line. */
  reason?: string;
}

/** How long the server and the workers may take to answer for all of them. */
const patienceMs = 10_000;

/** Characters of a failure's message that are shown. */
const longestReason = 300;

/** States by workflow id. Throws if the server cannot be asked. */
export async function runStates(client: Client, workflowIds: readonly string[]): Promise<Map<string, RunState>> {
  return client.withDeadline(Date.now() + patienceMs, async () => {
    const states = await Promise.all(workflowIds.map((workflowId) => stateOf(client, workflowId)));
    return new Map(workflowIds.map((workflowId, index) => [workflowId, states[index]!]));
  });
}

async function stateOf(client: Client, workflowId: string): Promise<RunState> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING') return await openState(client, workflowId);
    if (status.name === 'FAILED') return { state: 'failed', reason: await lastFailure(client, workflowId) };
    if (status.name === 'CANCELLED') return { state: 'cancelled' };
    return { state: status.name === 'TERMINATED' ? 'terminated' : 'not open' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'not open' };
    throw error;
  }
}

/** A run that no worker answers for is still open. */
async function openState(client: Client, workflowId: string): Promise<RunState> {
  try {
    const { paused, pauseReason } = await client.workflow.getHandle(workflowId).query<PartProgress>('progress');
    return paused ? { state: 'paused', reason: pauseReason ?? 'asked to' } : { state: 'running' };
  } catch {
    return { state: 'running', reason: 'no worker answers for it' };
  }
}

async function lastFailure(client: Client, workflowId: string): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  });
  const [event] = history?.events ?? [];
  let failure = event?.workflowExecutionFailedEventAttributes?.failure;
  while (failure?.cause) failure = failure.cause;
  return failure?.message?.split('\n')[0]?.slice(0, longestReason);
}
