/** Starting, adopting and naming runs. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { taskQueues, workflowTypes } from '../contract/names';
import { runIdOf } from '../domain/digests';
import { rootWorkflowId } from '../domain/identifiers';
import { ConfigError } from '../errors';
import type { ArtifactStore } from '../ports';
import { dataDirectory, maftHome } from '../machine/paths';
import { allowTasksOf } from '../tasks';
import { standingOf, type RunStanding } from '../stored-runs/standing';

/**
 * A name for the next run: an unfinished run of the same specification is continued; a finished one, or one of another
 * specification, stays untouched and the next free number is taken.
 *
 * @param digestOf The specification's digest under a run id, which its seed may depend on.
 * @param taken Ids of other people's runs that are not in the store yet.
 */
export async function nextRun(
  store: ArtifactStore,
  name: string,
  digestOf: (runId: string) => string,
  taken: ReadonlySet<string> = new Set(),
): Promise<{ runId: string; standing: RunStanding }> {
  for (let number = 1; ; number++) {
    const runId = runIdOf(number === 1 ? name : `${name}-${number}`);
    if (taken.has(runId)) continue;
    const { standing, digest: known } = await standingOf(store, runId);
    if (standing === 'new' || (standing === 'unfinished' && known === digestOf(runId))) return { runId, standing };
  }
}

/** Starts the run, or finds it open already (after a crash it continues by itself). Returns its id and which of the two. */
export async function startOrAttach(
  client: Client,
  runId: string,
  { raw, digest }: { raw: unknown; digest: string },
): Promise<StartedWorkflow> {
  return startOrFind(client, workflowTypes.run, { id: runId, specification: raw, digest, summary: `run ${runId}` });
}

export interface StartedWorkflow {
  workflowId: string;
  /** False if it was open already. */
  started: boolean;
  /** Digest of its specification; undefined if it was started by other means than these commands. */
  digest: string | undefined;
}

interface StartRequest {
  id: string;
  specification: unknown;
  /** Of the resolved specification; kept in the workflow's memo, for others that find it open. */
  digest: string;
  summary: string;
}

/** The same for any workflow that a specification starts. Throws `ConfigError` if another kind is open under the id. */
export async function startOrFind(
  client: Client,
  workflowType: string,
  { id, specification, digest, summary }: StartRequest,
): Promise<StartedWorkflow> {
  const workflowId = rootWorkflowId(id);
  allowTasksOf(specification, { maftHome: maftHome(), dataDirectory: dataDirectory() });
  try {
    await client.workflow.start(workflowType, {
      workflowId,
      taskQueue: taskQueues.workflows,
      args: [specification],
      memo: { specificationDigest: digest },
      staticSummary: summary,
    });
    return { workflowId, started: true, digest };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { type, memo } = await client.workflow.getHandle(workflowId).describe();
    const known = memo?.specificationDigest as string | undefined;
    if (type === workflowType) return { workflowId, started: false, digest: known };
    throw new ConfigError(`${workflowId} is open and is a ${type}: choose another --id`);
  }
}

/** Two people may choose one name; neither must follow the other's run as their own. */
export function anotherIsOpen(id: string): string {
  return `${id} is running with another specification: choose another --id, or none`;
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
