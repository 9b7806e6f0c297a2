/** A real program under supervision that hangs, and what it is started with. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anyFreePort } from '../../support/temporal-server';
import {
  SupervisedProcess,
  type ProcessEvent,
  type Program,
} from '../../../src/machine/supervision/supervised-process';
import { until } from '../../support/until';

const folder = mkdtempSync(join(tmpdir(), 'maft-supervised-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Serves its environment on a port that its ready line names. */
const script = `
  const server = require('http').createServer((_, response) => response.end(JSON.stringify(process.env)));
  server.listen(Number(process.argv[1]), '127.0.0.1', () => console.log(JSON.stringify({ event: 'ready' })));
  process.on('SIGTERM', () => process.exit(0));`;

async function supervise(port: number, changes: Partial<Program>) {
  const events: ProcessEvent[] = [];
  const program: Program = {
    name: 'model-server',
    title: 'the model server',
    command: process.execPath,
    arguments: ['-e', script, String(port)],
    marker: folder,
    readyTimeoutMs: 60_000,
    graceMs: 5_000,
    ...changes,
  };
  const supervised = new SupervisedProcess(program, {
    logFile: join(folder, 'log'),
    backoffMs: [10],
    onEvent: (event) => events.push(event),
  });
  await supervised.start();
  return { supervised, events };
}

const address = (port: number) => `http://127.0.0.1:${port}/`;

test('a server that is stopped and answers no more is killed and started again', async () => {
  const port = await anyFreePort();
  const ask = async (signal: AbortSignal) => void (await (await fetch(address(port), { signal })).text());
  const health = { ask, everyMs: 20, timeoutMs: 500, patience: 2 };
  const { supervised, events } = await supervise(port, { health });
  process.kill(supervised.runningIdentities[0]!.pid, 'SIGSTOP');
  await until(() => events.filter(({ state }) => state === 'ready').length === 2);
  expect(events.find(({ state }) => state === 'died')?.message).toMatch(
    /^the model server no longer answered and was killed.*: restarting it in 0.01 s$/,
  );
  await ask(AbortSignal.timeout(5_000));
  await supervised.stop();
});

test.each([
  [undefined, false],
  [true, true],
])('a child that says needsKeys: %s gets the keys in our environment: %s', async (needsKeys, gets) => {
  Object.assign(process.env, { HOSTED_API_KEY: 'planted', HF_TOKEN: 'planted', MAFT_TEST_KEEPS: 'kept' });
  const port = await anyFreePort();
  const { supervised } = await supervise(port, { needsKeys });
  const environment = await (await fetch(address(port))).text();
  await supervised.stop();
  for (const name of ['HOSTED_API_KEY', 'HF_TOKEN', 'MAFT_TEST_KEEPS']) delete process.env[name];
  expect(environment).toContain('kept');
  expect(environment.includes('planted')).toBe(gets);
});
