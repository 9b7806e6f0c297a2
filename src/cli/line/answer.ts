/** `maft line approve` and `maft line reject`: people's answer to a run that asks whether its society is taken. */
import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { openRun } from '../../machine/open-workflows';
import { InvalidRunSpec } from '../../errors';
import { withRunningServers } from '../../runs/with-platform';
import type { Author } from './promote';

/** Returns what was decided, as a sentence. Throws `ConfigError` if the run is not open, `InvalidRunSpec` if it does not ask. */
export async function answerRun(
  client: Client,
  { run, answer, by, why }: Author & { run: string; answer: 'approve' | 'reject' },
): Promise<{ runId: string; decided: string }> {
  const { workflowId, runId } = await openRun(client, run);
  try {
    const handle = client.workflow.getHandle(workflowId);
    return { runId, decided: await handle.executeUpdate<string, [Author]>(answer, { args: [{ by, why }] }) };
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new InvalidRunSpec([
      `run ${runId}: ${error.cause?.message ?? error.message}; \`maft status ${runId}\` says what it does`,
    ]);
  }
}

/** The same on the servers that run here. */
export async function answerHere(
  request: Parameters<typeof answerRun>[1],
): Promise<{ runId: string; decided: string }> {
  return withRunningServers(({ client }) => answerRun(client, request));
}
