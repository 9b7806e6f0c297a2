/** The checks of `maft doctor`. A check adds missing search attributes but changes nothing else, and never throws. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { openStore } from '../open-store';
import { resolveEndpoint, type MachineConfig } from '../config';
import { MaftError } from '../../errors';
import { connectClient, ownServerTarget } from '../temporal-client';
import { findRunningPlatform, readState } from '../supervision/platform-state';
import { isPortFree, usualPorts } from '../supervision/ports';
import { findPython, pythonFacts } from './find-python';
import { demoModelName, findBaseModel } from './model-folder';
import { hasNvidiaGpu, wantsCpuWheel } from './install-packages';
import { formatBytes } from './progress';
import { ensurePythonEnvironment, environmentState } from './python-environment';
import { installedVllm } from './vllm-environment';
import { registerSearchAttributes } from './search-attributes';
import { findTemporalCli } from './temporal-cli';
import { z } from 'zod';
import { maftEnvironment, maftModule } from '../python-start';
import { runCommand } from './command';

export interface Finding {
  /** What was looked for. */
  name: string;
  /** `automatic`: not here, the next command makes or fetches it. `note`: good to know, nothing to do. */
  status: 'ok' | 'automatic' | 'missing' | 'note';
  /** What was found, or how to get it. */
  detail: string;
}

type Check = (config: MachineConfig) => Finding | Promise<Finding>;

const oldestNode = [20, 3] as const;

const checks: Record<string, Check> = {
  'Node.js': node,
  Python: python,
  Temporal: temporal,
  GPU: gpu,
  'base model': baseModel,
  MAFT_HOME: home,
  MAFT_STORE: store,
  ports,
  endpoints,
  vLLM: vllm,
  platform,
};

export async function checkMachine(config: MachineConfig): Promise<Finding[]> {
  const findings = Object.entries(checks).map(async ([name, check]): Promise<Finding> => {
    try {
      return await check(config);
    } catch (error) {
      if (!(error instanceof MaftError)) throw error;
      return { name, status: 'missing', detail: error.message };
    }
  });
  return Promise.all(findings);
}

function node(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  const detail = isNewEnough
    ? process.versions.node
    : `${process.versions.node}: ${oldestNode.join('.')} or newer is needed`;
  return { name: 'Node.js', status: isNewEnough ? 'ok' : 'missing', detail };
}

async function python(config: MachineConfig): Promise<Finding> {
  const name = 'Python';
  const state = stateOfPython(config);
  if (state === 'complete') {
    const { program, origin } = await ensurePythonEnvironment({ listener: () => undefined, ownPython: config.python });
    return { name, status: 'ok', detail: `${(await pythonFacts(program))?.version}, ${program} (${origin})` };
  }
  const found = await findPython();
  const size = wantsCpuWheel() ? '1 to 5 GB' : 'about 5 GB';
  return {
    name,
    status: 'automatic',
    detail: `${found.version} (${found.program}); .venv is ${state}: the next command completes it (${size})`,
  };
}

/** A Python of the user's own is used as it is. */
function stateOfPython({ python }: MachineConfig): ReturnType<typeof environmentState> {
  return python === undefined ? environmentState({}) : 'complete';
}

async function temporal(config: MachineConfig): Promise<Finding> {
  const { address, namespace } = config.temporal;
  if (address !== undefined) return ownServer(address, namespace);
  const cli = await findTemporalCli({ ownProgram: config.temporalProgram });
  if (cli === undefined)
    return {
      name: 'Temporal',
      status: 'automatic',
      detail: 'no CLI here: the next command fetches it (45 MB), or set MAFT_TEMPORAL or TEMPORAL_ADDRESS',
    };
  return { name: 'Temporal', status: 'ok', detail: `CLI ${cli.version}, ${cli.program} (${cli.origin})` };
}

async function ownServer(address: string, namespace: string): Promise<Finding> {
  const client = await connectClient(ownServerTarget({ address, namespace }));
  try {
    const { added, missing } = await registerSearchAttributes(client.connection, namespace);
    const lacking = missing.map(({ name, reason }) => `${name} (${reason})`);
    const words = [`server at ${address}, namespace ${namespace}`];
    if (added.length > 0) words.push(`search attributes registered now: ${added.join(', ')}`);
    if (lacking.length > 0)
      words.push(`search attributes that could not be registered, runs go on without: ${lacking.join(', ')}`);
    return { name: 'Temporal', status: lacking.length > 0 ? 'note' : 'ok', detail: words.join('; ') };
  } finally {
    await client.connection.close();
  }
}

async function gpu(config: MachineConfig): Promise<Finding> {
  const name = 'GPU';
  if (!hasNvidiaGpu())
    return { name, status: 'note', detail: 'none found: models run on the CPU, which is enough for the demo' };
  if (stateOfPython(config) !== 'complete')
    return {
      name,
      status: 'ok',
      detail: 'NVIDIA driver found; whether torch can use it is asked once Python is set up',
    };
  const { program } = await ensurePythonEnvironment({ listener: () => undefined, ownPython: config.python });
  const reason = await whyNoCuda(program);
  return reason === undefined
    ? { name, status: 'ok', detail: 'NVIDIA driver found, and torch can use it' }
    : { name, status: 'note', detail: unusable(reason) };
}

function unusable(reason: string): string {
  return `an NVIDIA driver is there, but torch cannot use it (${reason}): everything runs on the CPU. Mostly the driver is too old for torch's CUDA: update it`;
}

function baseModel(): Finding {
  return { name: 'base model', status: 'ok', detail: findBaseModel(demoModelName).folder };
}

function home({ maftHome }: MachineConfig): Finding {
  const name = 'MAFT_HOME';
  let folder = maftHome;
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return { name, status: 'missing', detail: `${folder} cannot be written: make it writable, or set MAFT_HOME` };
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const detail = `${maftHome}, ${formatBytes(free)} free`;
  return free < 1e9
    ? { name, status: 'missing', detail: `${detail}: at least 1 GB is needed` }
    : { name, status: 'ok', detail };
}

/** Problems that a run would meet only after its first paid call: a read-only folder, a file system without hard links. */
async function store(config: MachineConfig): Promise<Finding> {
  const name = 'MAFT_STORE';
  if (config.store.includes('://'))
    return { name, status: 'missing', detail: `${config.store}: only folders are supported` };
  if (!existsSync(config.store)) return { name, status: 'automatic', detail: `${config.store}: made by the first run` };
  await openStore(config).checkWritable('runs');
  return { name, status: 'ok', detail: `${config.store}, writable, with hard links` };
}

async function ports(config: MachineConfig): Promise<Finding> {
  const wanted = Object.entries({ ...usualPorts, ...config.ports });
  const own = findRunningPlatform(config.maftHome) === undefined ? {} : (readState(config.maftHome)?.ports ?? {});
  const usable = async (port: number) => Object.values(own).includes(port) || (await isPortFree(port));
  const free = await Promise.all(wanted.map(([, port]) => usable(port)));
  const taken = wanted.filter((_, index) => !free[index]).map(([name, port]) => `${port} (${name})`);
  if (taken.length === 0) return { name: 'ports', status: 'ok', detail: wanted.map(([, port]) => port).join(', ') };
  return {
    name: 'ports',
    status: 'note',
    detail: `taken: ${taken.join(', ')}; free ones are used instead unless config.yaml names them`,
  };
}

function endpoints(config: MachineConfig): Finding {
  const names = Object.keys(config.endpoints);
  for (const name of names) resolveEndpoint(config, name);
  return { name: 'endpoints', status: 'ok', detail: ['embedded', ...names].join(', ') };
}

function vllm(config: MachineConfig): Finding {
  const name = 'vLLM';
  if (config.engine !== 'vllm')
    return { name, status: 'note', detail: 'not asked for: maft.serve serves models (`engine` of config.yaml)' };
  const program = config.vllm.command ?? installedVllm(config.maftHome);
  return { name, status: 'ok', detail: `${program}; serves adapters only` };
}

function platform({ maftHome }: MachineConfig): Finding {
  const running = findRunningPlatform(maftHome);
  const detail =
    running === undefined
      ? 'none running on this MAFT_HOME'
      : `maft ${running.command} (process ${running.pid}), Temporal at ${running.temporalAddress}`;
  return { name: 'platform', status: 'note', detail };
}

const answerSchema = z.object({ reason: z.string().nullable() });

/** Returns why that Python's torch cannot use CUDA; undefined if it can. Takes seconds: torch is imported. */
export async function whyNoCuda(program: string): Promise<string | undefined> {
  const result = await runCommand(program, maftModule('maft.nvidia_driver'), {
    environment: maftEnvironment(),
    timeoutMs: 120_000,
  });
  if (result.exitCode !== 0) return result.output.trim().split('\n').at(-1) || `${program} gave no answer`;
  return answerSchema.parse(JSON.parse(result.stdout)).reason ?? undefined;
}
