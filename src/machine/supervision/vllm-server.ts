/** vLLM as the model server of a platform: how it is started so that it serves what our trainer publishes. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { modelShape } from '../../domain/model-shape';
import { ConfigError } from '../../errors';
import type { MachineConfig } from '../config';
import { loraRoom } from '../engine';
import { guardScript } from '../paths';
import { hasNvidiaGpu } from '../setup/install-packages';
import type { BaseModel } from '../setup/model-folder';
import { installedVllm } from '../setup/vllm-environment';
import { usualHealthCheck } from './health';
import { untilHealthy } from './programs';
import { loopback } from './ports';
import type { Program } from './supervised-process';

export interface VllmServerOptions {
  config: Pick<MachineConfig, 'maftHome' | 'vllm'>;
  model: BaseModel;
  /** `<store>/models`: adapters are found here by name on first use. */
  modelsDirectory: string;
  port: number;
}

const graceMs = 15_000;

/**
 * Compiling takes minutes, and on a processor brings little. A prompt that is read in pieces ends vLLM 0.32 there if its
 * request has a seed ("CPU Generator does not use offset"), and all of ours have.
 */
const onProcessor = ['--enforce-eager', '--no-enable-chunked-prefill'];

/** Module names of the families whose layers are known; vLLM takes them with its own merged names. */
const linearModules = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];

/**
 * Under a guard: vLLM does not notice when its parent dies. Throws `ConfigError` if it is not installed, and for several base
 * models. Makes the folder of the base's name.
 */
export function vllmServer({ config, model, modelsDirectory, port }: VllmServerOptions): Program {
  requireVllm(
    config,
    [model, ...(model.further ?? [])].map((each) => each.name),
  );
  const [program, ...first] = commandWords(config);
  // vLLM does not start without the folder.
  mkdirSync(modelsDirectory, { recursive: true });
  return {
    name: 'model-server',
    title: 'vLLM',
    command: process.execPath,
    arguments: [
      ...[guardScript(), String(graceMs - 1_000)],
      ...[program!, ...first, ...serveArguments(config, model, port)],
    ],
    directory: folderOfName(config.maftHome, model),
    environment: vllmEnvironment(modelsDirectory, config.vllm.sleep),
    marker: `--port ${port}`,
    probe: (signal) => untilHealthy(port, signal),
    health: { ...usualHealthCheck, ask: (signal) => untilHealthy(port, signal) },
    // It reads all weights, and on a GPU compiles and captures graphs; an end is noticed at once.
    readyTimeoutMs: 1_800_000,
    graceMs,
  };
}

/** Throws `ConfigError` where a platform's vLLM could not be started for these base models, before anything else is. */
export function requireVllm(config: VllmServerOptions['config'], names: readonly string[]): void {
  if (names.length > 1)
    throw new ConfigError(`one vLLM serves one base model, not ${names.join(', ')}: take --engine maft`);
  loraRoom(config);
  commandWords(config);
}

/** The arguments behind the program: everything that adapters of our trainer need. The user's come last, and win. */
export function serveArguments({ vllm }: Pick<MachineConfig, 'vllm'>, { name, folder }: BaseModel, port: number) {
  const { maxLoras, maxLoraRank } = loraRoom({ vllm });
  const stored = configIn(folder);
  return [
    ...['serve', name, '--host', loopback, '--port', String(port)],
    // Adapter ids differ from process to process.
    ...['--api-server-count', '1'],
    ...['--enable-lora', '--max-loras', String(maxLoras), '--max-lora-rank', String(maxLoraRank)],
    // Without this, vLLM also makes room for adapters of the output layer, and on a CPU dies of prompt log-probabilities.
    ...(modelShape(stored) === undefined ? [] : ['--lora-target-modules', ...linearModules]),
    // The specification says all of sampling; the model's own file would add top_k and penalties.
    ...['--generation-config', 'vllm'],
    // Web pages have no business here.
    ...['--allowed-origins', '[]'],
    // vLLM's own choice would halve the precision of weights that are stored in fp32.
    ...((stored.dtype ?? stored.torch_dtype) === 'float32' ? ['--dtype', 'float32'] : []),
    ...(vllm.sleep ? ['--enable-sleep-mode'] : []),
    ...(hasNvidiaGpu() ? [] : onProcessor),
    ...vllm.arguments,
  ];
}

/**
 * A working folder in which the base's name is the path of its weights. vLLM loads only adapters whose
 * `base_model_name_or_path` is letter for letter the model it was started with, and ours say the name in requests.
 * A folder per name: one name may be the beginning of another.
 */
export function folderOfName(maftHome: string, { name, folder }: BaseModel): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const directory = join(maftHome, 'vllm-bases', digest);
  const link = join(directory, name);
  const next = `${link}.${process.pid}`;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(next, { force: true });
  symlinkSync(folder, next);
  renameSync(next, link);
  return directory;
}

function vllmEnvironment(modelsDirectory: string, sleep: boolean): Record<string, string> {
  const { VLLM_PLUGINS: plugins, VLLM_CPU_OMP_THREADS_BIND: binding = 'nobind' } = process.env;
  return {
    VLLM_PLUGINS: [...(plugins ? [plugins] : []), 'lora_filesystem_resolver'].join(','),
    VLLM_LORA_RESOLVER_CACHE_DIR: modelsDirectory,
    VLLM_ALLOW_RUNTIME_LORA_UPDATING: 'True',
    // The routes that put it to sleep exist in this mode only.
    ...(sleep ? { VLLM_SERVER_DEV_MODE: '1' } : {}),
    // Bound threads would keep the worker and the trainer off their cores.
    VLLM_CPU_OMP_THREADS_BIND: binding,
    // The weights are here: neither the Hub nor vLLM's statistics are to be asked.
    HF_HUB_OFFLINE: '1',
    VLLM_NO_USAGE_STATS: '1',
    PYTHONUNBUFFERED: '1',
    PYTHONSAFEPATH: '1',
  };
}

function commandWords({ maftHome, vllm }: Pick<MachineConfig, 'maftHome' | 'vllm'>): string[] {
  return vllm.command === undefined ? [installedVllm(maftHome)] : shellWords(vllm.command);
}

/** Words as a shell splits them, with quotes, without variables. Throws `ConfigError` for an empty command. */
export function shellWords(command: string): string[] {
  const words = [...command.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
  if (words.length > 0) return words;
  throw new ConfigError('the command that starts vLLM is empty: name the program, such as /opt/vllm/bin/vllm');
}

function configIn(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
}
