/**
 * Six trainings on four GPUs of one host, served by two workers of which one is killed. Workflow, server, workers, pool and
 * supervision are real; GPUs are names, and trainers are processes that note when they hold which.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FinetuneOutcome } from '../../src/contract/run';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { testServerAddress } from '../support/temporal-server';
import { plainActivities, plainPlan } from '../support/plain-activities';
import type { RunningWorkers } from '../../src/worker';

interface Note {
  what: 'begins' | 'finished' | 'broken off' | 'lost its GPU';
  gpu: string;
  job: number;
  pid: number;
}

const gpus = ['0', '1', '2', '3'];
const trainedAgents = ['1', '2', '3', '4', '5', '6'];
const plan = plainPlan({ trainedAgents });
let folder: string;
let namespace: TestNamespace;
let others: RunningWorkers;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maft-gpus-'));
  namespace = await createNamespace();
  others = await namespace.serve(plainActivities(plan), ['workflows', 'light', 'llm']);
  workers.push(await startWorker(), await startWorker());
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  others.shutdown();
  await others.finished;
  await namespace.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startWorker(): Promise<ChildProcess> {
  const settings = { address: testServerAddress(), namespace: namespace.name, folder, gpus };
  const worker = spawn(process.execPath, [resolve(__dirname, '../support/gpu-worker.cjs'), JSON.stringify(settings)], {
    env: { ...process.env, FAKE_TRAININGS: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(worker.stdout!, 'data');
  return worker;
}

function notes(): Note[] {
  const file = join(folder, 'log');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line) as Note);
}

/** Trainings that have begun and not ended, by the process of each. */
function running(): Note[] {
  const ended = new Set(notes().flatMap(({ what, pid }) => (what === 'begins' ? [] : [pid])));
  return notes().filter(({ what, pid }) => what === 'begins' && !ended.has(pid));
}

const allow = (name: string) => writeFileSync(join(folder, name), '');

test('a GPU trains one agent at a time, whatever worker asks for it and dies, and waits for nobody', async () => {
  const handle = await namespace.client.workflow.start('finetuneSociety', {
    workflowId: 'maft/gpus/iteration-1/finetune',
    taskQueue: 'maft',
    args: [{ plan, iteration: 1 }],
  });
  await until(() => running().length === gpus.length, 'every GPU trains');
  expect(
    running()
      .map(({ gpu }) => gpu)
      .sort(),
  ).toEqual(gpus);

  // One ends: of the two that wait, one has its GPU.
  const [first] = running();
  allow(`may-end-${first!.job}`);
  await until(() => notes().filter(({ what }) => what === 'begins').length === 5, 'the next one begins');
  expect(notes().at(-1)).toMatchObject({ what: 'begins', gpu: first!.gpu });

  // A GPU is lost: its training goes on at another one, when there is one.
  const [unlucky] = running();
  allow(`lost-${unlucky!.gpu}`);
  await until(() => notes().some(({ what }) => what === 'lost its GPU'), 'a GPU is lost');
  rmSync(join(folder, `lost-${unlucky!.gpu}`));

  // A worker is killed: its trainings end by themselves, and only then their GPUs are free for the others.
  workers[0]!.kill('SIGKILL');
  await until(() => notes().some(({ what }) => what === 'broken off'), 'its trainers notice');
  allow('all-may-end');
  const outcomes = (await handle.result()) as FinetuneOutcome[];
  expect(outcomes.map(({ agent }) => agent)).toEqual(trainedAgents);

  const held = new Map<string, number>();
  for (const { what, gpu, pid } of notes()) {
    if (what === 'begins') expect({ gpu, heldBy: held.get(gpu) }).toEqual({ gpu, heldBy: undefined });
    else expect(held.get(gpu)).toBe(pid);
    if (what === 'begins') held.set(gpu, pid);
    else held.delete(gpu);
  }
  expect(held.size).toBe(0);
  const finished = notes().filter(({ what }) => what === 'finished');
  expect(finished.map(({ job }) => String(job)).sort()).toEqual(trainedAgents);
});
