/** Starting, adopting and naming runs. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { taskQueues, workflowTypes } from '../contract/names';
import { runIdOf } from '../domain/digests';
import { rootWorkflowId } from '../domain/identifiers';
import { ConfigError } from '../errors';
import type { ArtifactStore } from '../ports';
import { standingOf, type RunStanding } from './standing';

/**
 * A name for the next run: an unfinished run of the same specification is gone on with; a finished one, or one of another
 * specification, stays untouched and the next free number is taken.
 */
export async function nextRun(
  store: ArtifactStore,
  name: string,
  digest: string,
): Promise<{ runId: string; standing: RunStanding }> {
  for (let number = 1; ; number++) {
    const runId = runIdOf(number === 1 ? name : `${name}-${number}`);
    const { standing, digest: known } = await standingOf(store, runId);
    if (standing === 'new' || (standing === 'unfinished' && known === digest)) return { runId, standing };
  }
}

/** Starts the run, or finds it open already (after a crash it goes on by itself). Returns its id and what happened. */
export async function startOrAttach(
  client: Client,
  runId: string,
  specification: unknown,
): Promise<{ workflowId: string; started: boolean }> {
  return startOrFind(client, workflowTypes.run, { id: runId, specification, summary: `run ${runId}` });
}

/** The same for any workflow that a specification starts. Throws `ConfigError` where another kind is open under the id. */
export async function startOrFind(
  client: Client,
  workflowType: string,
  { id, specification, summary }: { id: string; specification: unknown; summary: string },
): Promise<{ workflowId: string; started: boolean }> {
  const workflowId = rootWorkflowId(id);
  try {
    const options = { workflowId, taskQueue: taskQueues.workflows, args: [specification], staticSummary: summary };
    await client.workflow.start(workflowType, options);
    return { workflowId, started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { type } = await client.workflow.getHandle(workflowId).describe();
    if (type === workflowType) return { workflowId, started: false };
    throw new ConfigError(`${workflowId} is open and is a ${type}: choose another --id`);
  }
}

/** Whether a workflow of this id is open. */
export async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
