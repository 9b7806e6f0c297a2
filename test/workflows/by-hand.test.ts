/** What people do to parts of a run by hand, and what they are told of it. */
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { lineOf } from '../../src/cli/status';
import { taskQueues } from '../../src/contract/names';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { plainActivities, plainPlan } from '../support/plain-activities';
import { testServerAddress } from '../support/temporal-server';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let namespace: TestNamespace;

beforeAll(async () => {
  namespace = await createNamespace();
});

afterAll(async () => {
  await namespace.close();
  await Runtime.instance().shutdown();
});

const answer = { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };

/** A run whose turns take long. */
async function startHanging(runId: string) {
  const plan = plainPlan({ runId, iterations: 0, trainedAgents: [] });
  const workers = await namespace.serve(
    plainActivities(plan, { takeTurn: () => new Promise((resolve) => setTimeout(() => resolve(answer), 2_000)) }),
  );
  const options = { workflowId: `maft/${runId}`, taskQueue: taskQueues.workflows, args: [{}] };
  const handle = await namespace.client.workflow.start('multiagentFinetuning', options);
  const shard = namespace.client.workflow.getHandle(`maft/${runId}/iteration-0/evaluate/shard-00`);
  await until(async () => (await shard.describe()).status.name === 'RUNNING', 'a shard is open');
  const stop = async () => {
    workers.shutdown();
    await workers.finished;
  };
  return { handle, shard, stop };
}

/** Messages of a failure and its causes. */
async function causesOf(handle: WorkflowHandle): Promise<string> {
  const error = await handle.result().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  const messages: string[] = [];
  for (let each = error as Error | undefined; each !== undefined; each = each.cause as Error | undefined)
    messages.push(each.message);
  return messages.join(' / ');
}

test.each(['terminated', 'cancelled'] as const)(
  'a part that is %s by hand fails the run with its name and what was done',
  async (how) => {
    const { handle, shard, stop } = await startHanging(`by-hand-${how}`);
    if (how === 'terminated') await shard.terminate();
    else await shard.cancel();
    expect(await causesOf(handle)).toContain(
      `maft/by-hand-${how}/iteration-0/evaluate/shard-00 was ${how} by hand, so what it is a part of cannot go on`,
    );
    await stop();
  },
);

test('a run that is cancelled as a whole is cancelled, and blames none of its parts', async () => {
  const { handle, stop } = await startHanging('cancelled-whole');
  await handle.cancel();
  expect(await causesOf(handle)).not.toContain('by hand');
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  await stop();
});

test('`maft status` of a run that another version of the workflows cannot go on with says so', async () => {
  const { handle, stop } = await startHanging('other-version');
  await stop();
  const workflowsPath = require.resolve('../support/other-version');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: testServerAddress() });
  const taskQueue = taskQueues.workflows;
  const worker = await Worker.create({ connection, namespace: namespace.name, taskQueue, workflowBundle: { code } });
  const running = worker.run();
  await handle.signal('pause');
  const open = { workflowId: handle.workflowId, isComparison: false };
  let line: string | undefined;
  await until(async () => {
    line = await lineOf(namespace.client, open, {}, 1_000);
    return !line!.includes('no worker answers');
  }, 'the failure is in the history');
  expect(line).toMatch(
    /^maft\/other-version: open, but this version of the program is not the one it was begun with \(.*ondeterminism/,
  );
  worker.shutdown();
  await running;
  await connection.close();
  await handle.terminate();
});
