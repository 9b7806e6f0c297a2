/** One real Temporal dev server for all tests that need one: started by jest's global set-up, found through a variable. */
import { spawn, type ChildProcess } from 'node:child_process';
import { NativeConnection } from '@temporalio/worker';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Connection } from '@temporalio/client';
import { searchAttributeTypes } from '../../src/contract/names';
import { isPortFree, randomPort } from '../../src/machine/supervision/ports';
import { oneQueuePartition } from '../../src/machine/supervision/programs';

export const addressVariable = 'MAFT_TEST_TEMPORAL_ADDRESS';

/** A port that another program is unlikely to take before it is used. */
export async function anyFreePort(): Promise<number> {
  for (;;) {
    const port = randomPort();
    if (await isPortFree(port)) return port;
  }
}

/** Starts a headless dev server on a free port and waits until it answers. */
export async function startTemporalServer(
  binary: string,
  extra: string[] = [],
): Promise<{ address: string; child: ChildProcess }> {
  const port = await anyFreePort();
  const attributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
  const child = spawn(
    binary,
    [
      'server',
      'start-dev',
      '--headless',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--log-level',
      'error',
      ...attributes,
      ...oneQueuePartition,
      ...extra,
    ],
    { stdio: 'ignore' },
  );
  const address = `127.0.0.1:${port}`;
  await untilAnswers(address);
  return { address, child };
}

async function untilAnswers(address: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2 seconds' });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return await connection.close();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

export function testServerAddress(): string {
  const address = process.env[addressVariable];
  if (address === undefined) throw new Error(`${addressVariable} is unset: jest's global set-up starts the server`);
  return address;
}

/** Connections to the shared server; close them after all tests of a file. */
export async function connectToTestServer(): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createFromExistingServer({ address: testServerAddress(), namespace: 'default' });
}

export async function nativeConnection(): Promise<NativeConnection> {
  return NativeConnection.connect({ address: testServerAddress() });
}
