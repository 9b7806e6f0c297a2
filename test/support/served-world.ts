/** Real workflows and activities in a namespace of a test file's own; doubles only where a model or a trainer would be. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { createActivities, type ActivityDependencies } from '../../activities';
import { fakeWorld, type FakeWorld } from './fake-ports';
import { createNamespace, type TestNamespace } from './namespace';

export interface ServedWorld extends FakeWorld {
  namespace: TestNamespace;
  /** Of its artifacts; removed by `close`. */
  folder: string;
  /** Starts `maft/ID` on the product's task queue. */
  start: (workflowType: string, id: string, ...args: unknown[]) => Promise<WorkflowHandle>;
  close: () => Promise<void>;
}

/** @param prices Of its endpoints; by default they have none. */
export async function serveWorld(
  prices: ActivityDependencies['machine']['prices'] = () => undefined,
): Promise<ServedWorld> {
  const namespace = await createNamespace();
  const folder = await mkdtemp(path.join(tmpdir(), 'maft-world-'));
  const world = fakeWorld(folder);
  // A namespace of a test's own has no search attributes.
  const platform = { registeredSearchAttributes: async () => [] };
  const workers = await namespace.serve(
    createActivities({
      ...{ ...world.dependencies, platform, machine: { ...world.dependencies.machine, prices } },
    }),
  );
  return {
    ...world,
    namespace,
    folder,
    start: (workflowType, id, ...args) =>
      namespace.client.workflow.start(workflowType, { workflowId: `maft/${id}`, taskQueue: 'maft', args }),
    close: async () => {
      workers.shutdown();
      await workers.finished;
      await namespace.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
