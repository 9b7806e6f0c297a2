/** `maft pause`, `resume`, `cancel`, `temporal` and `validate`, against the real server; activities are plain functions. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { commandLineScript } from '../../src/machine/paths';
import type { RunningWorkers } from '../../src/worker';
import { createNamespace, type TestNamespace } from '../support/namespace';
import { plainActivities, plainPlan } from '../support/plain-activities';
import { testServerAddress } from '../support/temporal-server';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let namespace: TestNamespace;
let workers: RunningWorkers;
let letGo: () => void = () => undefined;
const home = mkdtempSync(path.join(tmpdir(), 'maft-steer-'));
const plan = plainPlan({ runId: 'steered', iterations: 0, trainedAgents: [] });

beforeAll(async () => {
  namespace = await createNamespace();
  const asked = new Promise<void>((resolve) => (letGo = resolve));
  const counts = { calls: 1, promptTokens: 1, completionTokens: 1 };
  workers = await namespace.serve(
    plainActivities(plan, { takeTurn: async () => (await asked, { answer: '1', counts }) }),
  );
  await namespace.client.workflow.start('multiagentFinetuning', {
    workflowId: 'maft/steered',
    taskQueue: 'maft',
    args: [{}],
  });
});

afterAll(async () => {
  letGo();
  workers.shutdown();
  await workers.finished;
  await namespace.close();
  await Runtime.instance().shutdown();
  rmSync(home, { recursive: true, force: true });
});

/** Runs the built program; resolves with its exit code and all it said. */
async function maft(...words: string[]): Promise<{ code: number; said: string }> {
  const where = { TEMPORAL_ADDRESS: testServerAddress(), TEMPORAL_NAMESPACE: namespace.name };
  const temporal = process.env.MAFT_TEST_TEMPORAL_CLI;
  const env = { PATH: process.env.PATH, HOME: home, MAFT_HOME: home, MAFT_TEMPORAL: temporal, ...where };
  const run = promisify(execFile)(process.execPath, [commandLineScript(), ...words], { env });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );
}

test('a run is paused with a reason, shown as paused, resumed, and says so each time', async () => {
  expect(await maft('pause', 'steered', '--reason', 'lunch')).toEqual({
    code: 0,
    said: 'steered: paused; calls in flight end, `maft resume steered` goes on\n',
  });
  expect((await maft('status')).said).toContain('PAUSED: lunch');
  expect(await maft('resume', 'steered')).toEqual({ code: 0, said: 'steered: goes on\n' });
  expect(await maft('resume', 'steered')).toEqual({ code: 0, said: 'steered: is not paused\n' });
});

test('`maft temporal` is the Temporal CLI at this server and in this namespace, with its exit code', async () => {
  const listed = await maft('temporal', 'workflow', 'list', '--query', "ExecutionStatus = 'Running'");
  expect(listed).toMatchObject({ code: 0, said: expect.stringContaining('maft/steered') as string });
  expect((await maft('temporal', 'workflow', 'describe', '--workflow-id', 'maft/none')).code).toBe(1);
});

test('a run that is not open is named, with where to look', async () => {
  const { code, said } = await maft('pause', 'none');
  expect(code).toBe(2);
  expect(said).toContain('run "none" is not open; `maft runs` lists all');
});

test('`maft cancel` ends the run and says how to go on', async () => {
  expect((await maft('cancel', 'steered')).said).toBe(
    'steered: cancelled; what is stored stays, and `maft run` with the same specification goes on from there\n',
  );
});
