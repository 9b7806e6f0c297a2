/** `maft pause`, `maft resume` and `maft cancel`: an open run or comparison, by its id. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { openRun, type OpenWorkflow } from '../machine/open-workflows';
import { isPaused, untilPaused } from '../runs/progress';
import { withRunningServers } from '../runs/with-platform';
import { visibleText } from '../visible-text';

export const pauseCommand = {
  register(program: Command): void {
    program
      .command('pause')
      .description('let the calls of an open run end and start nothing new, until `maft resume`')
      .argument('<run>', 'id of a run or a comparison, as `maft status` lists them')
      .option('--reason <text>', 'shown to all who look at the run')
      .addHelpText(
        'after',
        '\nExample:\n  maft pause demo --reason "the GPU is needed"\n\nTrainings stop at a checkpoint.',
      )
      .action((run: string, { reason }: { reason?: string }) =>
        steer(run, (client, found) => pause(client, found, reason)),
      );
  },
};

export const resumeCommand = {
  register(program: Command): void {
    program
      .command('resume')
      .description('go on with a paused run')
      .argument('<run>', 'id of a run or a comparison')
      .addHelpText('after', '\nExample:\n  maft resume demo')
      .action((run: string) => steer(run, resume));
  },
};

export const cancelCommand = {
  register(program: Command): void {
    program
      .command('cancel')
      .description('end an open run; what it has stored stays, and the same specification goes on with it')
      .argument('<run>', 'id of a run or a comparison')
      .addHelpText('after', '\nExample:\n  maft cancel demo')
      .action((run: string) => steer(run, cancel));
  },
};

/** What was done, as one sentence. */
type Steer = (client: Client, found: OpenWorkflow) => Promise<string>;

async function steer(run: string, act: Steer): Promise<void> {
  await withRunningServers(async ({ client }) => {
    const found = await openRun(client, run);
    process.stdout.write(`${visibleText(`${found.runId}: ${await act(client, found)}`)}\n`);
  });
}

const whole = ({ isPart }: OpenWorkflow) => (isPart ? '; it is part of a comparison, which does so as a whole' : '');

async function pause(client: Client, found: OpenWorkflow, reason: string | undefined): Promise<string> {
  await client.workflow.getHandle(found.workflowId).signal('pause', reason);
  return (await untilPaused(client, found.workflowId, true))
    ? `paused; calls in flight end, \`maft resume ${found.runId}\` goes on${whole(found)}`
    : 'asked to pause; no worker has answered for it yet, and it pauses as soon as one does';
}

async function resume(client: Client, found: OpenWorkflow): Promise<string> {
  if ((await isPaused(client, found.workflowId)) === false) return 'is not paused';
  await client.workflow.getHandle(found.workflowId).signal('resume');
  return (await untilPaused(client, found.workflowId, false))
    ? `goes on${whole(found)}`
    : 'asked to go on; it is paused again, or no worker answers for it: `maft status` says which';
}

async function cancel(client: Client, { workflowId, isPart, isComparison }: OpenWorkflow): Promise<string> {
  await client.workflow.getHandle(workflowId).cancel();
  if (isPart) return 'cancelled; its comparison notes it as failed, and tries it again when it is started again';
  const command = isComparison ? 'maft compare' : 'maft run';
  return `cancelled; what is stored stays, and \`${command}\` with the same specification goes on from there`;
}
