import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/errors';
import { GpuPool, gpusForTrainings } from '../../src/machine/gpus';

const never = new AbortController().signal;
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'maft-gpu-pool-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const auto = { device: 'auto' as const, threads: 1 };

test.each([
  ['named ones', { ...auto, gpus: ['2', '3'] }, {}, ['2', '3']],
  ['named ones, whatever is visible', { ...auto, gpus: ['GPU-4a6f'] }, { CUDA_VISIBLE_DEVICES: '0' }, ['GPU-4a6f']],
  ['those that are visible', auto, { CUDA_VISIBLE_DEVICES: '1, 4' }, ['1', '4']],
  ['none of which one is visible', auto, { CUDA_VISIBLE_DEVICES: '' }, []],
  ['none for trainings on the processor', { ...auto, device: 'cpu' as const, gpus: ['0'] }, {}, []],
])('trainings take %s', async (_, trainer, environment, expected) => {
  expect(await gpusForTrainings(trainer, environment)).toEqual(expected);
});

test.each([
  [['cuda:0'], /GPU "cuda:0" is neither an index \(0\) nor a UUID/],
  [['0', '1', '0'], /GPU "0" is named twice/],
])('%j is refused', async (gpus, sentence) => {
  await expect(gpusForTrainings({ ...auto, gpus }, {})).rejects.toThrow(sentence);
  await expect(gpusForTrainings({ ...auto, gpus }, {})).rejects.toBeInstanceOf(ConfigError);
});

test('two pools of one host never hand out one GPU twice; who waits gets the one that becomes free', async () => {
  const [one, two] = [new GpuPool(['0', '1'], folder), new GpuPool(['1', '0'], folder)];
  const held = [await one.take(never), await two.take(never)];
  expect(held.map(({ name }) => name).sort()).toEqual(['0', '1']);
  const waiting = two.take(never);
  held[0]!.release();
  const next = await waiting;
  expect(next.name).toBe(held[0]!.name);
  expect(next.environment).toEqual({ CUDA_VISIBLE_DEVICES: next.name, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
});

test('waiting for a GPU ends with the reason of an abort', async () => {
  const pool = new GpuPool(['0'], folder);
  await pool.take(never);
  const controller = new AbortController();
  const waiting = pool.take(controller.signal);
  controller.abort(new Error('the run was cancelled'));
  await expect(waiting).rejects.toThrow('the run was cancelled');
});

test('a GPU belongs to the trainer it was handed to until that process is gone, whatever became of the worker', async () => {
  const trainer = spawn('sleep', ['60']);
  const exited = once(trainer, 'exit');
  const mine = await new GpuPool(['0'], folder).take(never);
  mine.handTo(trainer.pid);
  let isFree = false;
  const waiting = new GpuPool(['0'], folder).take(never).then(() => (isFree = true));
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(isFree).toBe(false);
  trainer.kill('SIGKILL');
  await exited;
  await waiting;
  // Somebody else's by now: to release it once more changes nothing.
  mine.release();
  const third = new GpuPool(['0'], folder).take(AbortSignal.timeout(700));
  await expect(third).rejects.toThrow();
});

test('the first GPU, where model servers live, is taken last, and one that failed after all others', async () => {
  const pool = new GpuPool(['0', '1', '2'], folder);
  const first = await pool.take(never);
  expect(first.name).toBe('2');
  first.blame();
  first.release();
  const names = [await pool.take(never), await pool.take(never), await pool.take(never)].map(({ name }) => name);
  expect(names).toEqual(['1', '0', '2']);
});
