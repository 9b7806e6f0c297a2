/** One GPU for serving and training: when a vLLM sleeps, and what happens where it cannot. A real process plays it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoModelDirectory } from '../../src/machine/paths';
import { choosePorts, type ChosenPorts } from '../../src/machine/supervision/ports';
import { SleepingServer } from '../../src/providers/shared-device';

let folder: string;
let chosen: ChosenPorts;
let url: string;
let server: ChildProcess;
let said: string[];

async function startServer(devMode: string): Promise<void> {
  const words = ['serve', demoModelDirectory(), '--host', '127.0.0.1', '--port', String(chosen.ports.modelServer)];
  server = spawn(process.execPath, [join(__dirname, '../support/fake-vllm.cjs'), ...words], {
    env: { ...process.env, VLLM_LORA_RESOLVER_CACHE_DIR: folder, VLLM_SERVER_DEV_MODE: devMode },
  });
  const answers = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) await sleep(50);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maft-shared-device-'));
  chosen = await choosePorts({});
  url = `http://127.0.0.1:${chosen.ports.modelServer}`;
  said = [];
});
afterEach(async () => {
  server.kill('SIGKILL');
  await once(server, 'exit');
  chosen.release();
  rmSync(folder, { recursive: true });
});

const isAsleep = async () =>
  ((await (await fetch(`${url}/is_sleeping`)).json()) as { is_sleeping: boolean }).is_sleeping;
const newDevice = () => new SleepingServer({ url, say: (line) => said.push(line) });

test('the server sleeps from the first training to the end of the last, failed ones included', async () => {
  await startServer('1');
  const device = newDevice();
  let end: () => void = () => undefined;
  const long = device.during(async () => {
    await new Promise<void>((resolve) => (end = resolve));
    return isAsleep();
  });
  expect(await device.during(isAsleep)).toBe(true);
  await expect(device.during(() => Promise.reject(new Error('out of memory')))).rejects.toThrow('out of memory');
  expect(await isAsleep()).toBe(true);
  end();
  expect(await long).toBe(true);
  expect(await isAsleep()).toBe(false);
  expect(said).toEqual([]);
});

test('a worker that starts wakes a server that one before it has left asleep', async () => {
  await startServer('1');
  await fetch(`${url}/sleep?level=1`, { method: 'POST' });
  await newDevice().reclaim();
  expect(await isAsleep()).toBe(false);
});

test('where it cannot sleep, the training goes on beside it, and the reason is said', async () => {
  await startServer('0');
  expect(await newDevice().during(async () => 'trained')).toBe('trained');
  expect(said[0]).toMatch(
    /^vLLM at .* was not put to sleep, and training shares the memory with it: \/is_sleeping answered 404/,
  );
});
