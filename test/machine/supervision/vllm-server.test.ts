/** vLLM as a supervised process: a stand-in that is a real one is started with vLLM's arguments, watched and replaced. */
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/machine/config';
import { withEngine } from '../../../src/machine/engine';
import { demoModelDirectory } from '../../../src/machine/paths';
import { choosePorts } from '../../../src/machine/supervision/ports';
import { SupervisedProcess } from '../../../src/machine/supervision/supervised-process';
import {
  folderOfName,
  requireVllm,
  serveArguments,
  shellWords,
  vllmServer,
} from '../../../src/machine/supervision/vllm-server';
import { until } from '../../support/until';

const standIn = join(__dirname, '../../support/fake-vllm.cjs');
const model = { name: 'models/tiny-arithmetic', folder: demoModelDirectory() };

let maftHome: string;
beforeEach(() => (maftHome = mkdtempSync(join(tmpdir(), 'maft-vllm-'))));
afterEach(() => rmSync(maftHome, { recursive: true }));

const configured = (vllmCommand?: string) =>
  withEngine(loadConfig({ MAFT_HOME: maftHome }), { engine: 'vllm', vllmCommand });

test('the command line names the base as adapters do, and says everything that vLLM would choose otherwise', () => {
  const given = {
    ...configured(),
    vllm: { arguments: ['--max-num-seqs', '8'], maxLoras: 10, maxLoraRank: 20, sleep: false },
  };
  const line = serveArguments(given, model, 8000).join(' ');
  expect(line).toMatch(/^serve models\/tiny-arithmetic --host 127\.0\.0\.1 --port 8000 --api-server-count 1 /);
  expect(line).toContain('--enable-lora --max-loras 10 --max-lora-rank 32 --lora-target-modules q_proj');
  expect(line).toContain('--generation-config vllm --allowed-origins [] --dtype float32');
  expect(line).toMatch(/ --max-num-seqs 8$/);
  expect(line).not.toContain('--served-model-name');
});

test('a base whose name begins with that of another one gets its own folder, and a moved base a new link', () => {
  const other = join(maftHome, 'other');
  mkdirSync(other);
  const short = folderOfName(maftHome, { name: 'models', folder: other });
  const long = folderOfName(maftHome, model);
  expect(readlinkSync(join(short, 'models'))).toBe(other);
  expect(readlinkSync(join(long, 'models/tiny-arithmetic'))).toBe(model.folder);
  folderOfName(maftHome, { ...model, folder: other });
  expect(readlinkSync(join(long, 'models/tiny-arithmetic'))).toBe(other);
});

test('the user’s command is split as a shell would', () => {
  expect(shellWords(`conda run -n "my env" 'vllm'`)).toEqual(['conda', 'run', '-n', 'my env', 'vllm']);
  expect(() => shellWords('  ')).toThrow(/the command that starts vLLM is empty/);
});

test('without an installed vLLM the way to one is named, and several bases are refused', () => {
  expect(() => requireVllm(configured(), [model.name])).toThrow(
    /vLLM is not installed below .*: run `npx maft setup vllm`, which says how much it downloads, or name your own/,
  );
  expect(() => requireVllm(configured('vllm'), ['a', 'b'])).toThrow(/one vLLM serves one base model, not a, b/);
});

test('it is ready when it answers, is replaced after kill -9, and leaves nothing behind', async () => {
  const { ports, release } = await choosePorts({});
  const modelsDirectory = join(maftHome, 'models');
  const program = vllmServer({
    config: configured(`${process.execPath} ${standIn}`),
    ...{ model, modelsDirectory, port: ports.modelServer },
  });
  const states: string[] = [];
  const server = new SupervisedProcess(program, {
    logFile: join(maftHome, 'vllm.log'),
    backoffMs: [10],
    onEvent: ({ state }) => states.push(state),
  });
  const url = `http://127.0.0.1:${ports.modelServer}`;
  try {
    await server.start();
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({
      data: [{ id: model.name, root: model.name }],
    });
    const { pid } = server.runningIdentities.at(-1)!;
    process.kill(pid, 'SIGKILL');
    await until(() => states.filter((state) => state === 'ready').length === 2);
    expect(server.runningIdentities.at(-1)!.pid).not.toBe(pid);
    expect((await fetch(`${url}/health`)).ok).toBe(true);
  } finally {
    await server.stop();
    release();
  }
  await expect(fetch(`${url}/health`)).rejects.toThrow();
  expect(readFileSync(join(maftHome, 'vllm.log'), 'utf8')).toContain('serve models/tiny-arithmetic');
});
