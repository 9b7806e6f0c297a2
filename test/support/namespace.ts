/** A namespace of its own for a test file: its workers never take tasks of another file that runs at the same time. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Activities } from '../../activities';
import type { QueueRole } from '../../src/contract/names';
import { allRoles, serveActivities, type RunningWorkers } from '../../src/worker';
import { sourceBundle } from './source-bundle';
import { testServerAddress } from './temporal-server';

export interface TestNamespace {
  name: string;
  client: Client;
  /** Serves these queues (default: all) with these activities until stopped. */
  serve: (activities: Activities, roles?: QueueRole[]) => Promise<RunningWorkers>;
  close: () => Promise<void>;
}

export async function createNamespace(): Promise<TestNamespace> {
  const name = `test-${randomUUID().slice(0, 8)}`;
  const address = testServerAddress();
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const client = new Client({ connection, namespace: name });
  await untilKnown(client);
  const native = await NativeConnection.connect({ address });
  return {
    name,
    client,
    serve: (activities, roles = allRoles) => {
      const slots = { turnSlots: 100, trainingSlots: 4 };
      return serveActivities(
        { connection: native, namespace: name, roles, workflowBundle: sourceBundle(), ...slots },
        activities,
      );
    },
    close: async () => {
      await native.close();
      await connection.close();
    },
  };
}

/** The server's parts learn of a new namespace one after the other. */
async function untilKnown(client: Client): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const handle = await client.workflow.start('none', {
        taskQueue: 'nobody-polls',
        workflowId: `probe-${randomUUID()}`,
      });
      return void (await handle.terminate());
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Waits until a condition holds; errors count as "not yet". */
export async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  // A machine may be busy; only what never comes takes this long.
  const deadline = Date.now() + 120_000;
  for (;;) {
    const holds = await Promise.resolve(condition()).catch(() => false);
    if (holds) return;
    if (Date.now() > deadline) throw new Error(`waited two minutes in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until a count has not changed for two seconds, and returns it. */
export async function settled(count: () => number): Promise<number> {
  let last = { count: count(), since: Date.now() };
  await until(() => {
    if (count() !== last.count) last = { count: count(), since: Date.now() };
    return Date.now() - last.since > 2000;
  }, 'a count settles');
  return last.count;
}
