/** Runs that are open in Temporal, as the commands find them; nobody serves them here. */
import type { Client } from '@temporalio/client';
import { main } from '../../src/cli/main';
import { workflowTypes } from '../../src/contract/names';
import { startOrAttach } from '../../src/runs/start-run';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { testServerAddress } from '../support/temporal-server';

let namespace: TestNamespace;
const environment = { ...process.env };

beforeAll(async () => {
  namespace = await createNamespace();
  Object.assign(process.env, { TEMPORAL_ADDRESS: testServerAddress(), TEMPORAL_NAMESPACE: namespace.name });
});

afterAll(async () => {
  process.env = environment;
  await namespace.close();
});

test('a run that is open says what it was started with, so that nobody takes it for their own', async () => {
  const { client } = namespace;
  const start = (digest: string) => startOrAttach(client, 'friday', { raw: {}, digest });
  expect(await start('mine')).toMatchObject({ started: true, digest: 'mine' });
  const second = await start('yours');
  expect(second).toMatchObject({ started: false, digest: 'mine' });
  await client.workflow.getHandle(second.workflowId).terminate();
});

test('status shows runs of any workflow id, also those that no worker answers for', async () => {
  const { client } = namespace;
  const scheduled = 'maft/nightly-2026-11-22T02:00:00Z';
  const ids = [scheduled, 'my-run'];
  for (const workflowId of ids) {
    await client.workflow.start(workflowTypes.run, { workflowId, taskQueue: 'maft', args: [{}] });
  }
  await until(async () => {
    const listed = await openIds(client);
    return ids.every((id) => listed.includes(id));
  }, 'both are listed');
  const every = (await said(['status'])).trimEnd().split('\n').sort();
  expect(every).toEqual([
    expect.stringContaining(`${scheduled}: open, but no worker answers for it`),
    expect.stringContaining('my-run: open, but no worker answers for it'),
  ]);
  const { workflowId } = JSON.parse(await said(['status', scheduled, '--json'])) as { workflowId: string };
  expect(workflowId).toBe(scheduled);
});

async function openIds(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list()) ids.push(workflowId);
  return ids;
}

/** What a command writes to standard output. */
async function said(maftArguments: string[]): Promise<string> {
  const written: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    await main(maftArguments);
  } finally {
    write.mockRestore();
  }
  return written.join('');
}
