/** Which program serves the endpoint `embedded` (`maft.serve` or vLLM), by config.yaml and the options of a command. */
import type { RunSpecification } from '../contract/specification';
import { fullWeightsRefusal } from '../domain/full-weights';
import { trainedAgents } from '../domain/plan';
import { roleSettings } from '../domain/role-settings';
import { baseOf, embeddedBases, embeddedEndpoint } from '../domain/society';
import { ConfigError } from '../errors';
import type { MachineConfig } from './config';
import type { EngineName } from './engine-names';

/** As commands are given them; they go before config.yaml. */
export interface EngineOptions {
  engine?: EngineName | undefined;
  /** The user's own vLLM as a command line. */
  vllmCommand?: string | undefined;
  /** Adapters that one batch may mix: agents that answer at once. */
  maxLoras?: number | undefined;
  maxLoraRank?: number | undefined;
}

/** What a vLLM must hold at least. */
export interface LoraNeeds {
  loras: number;
  rank: number;
}

/** Of the method's defaults: three members with their critics, and the rank of `lora: {}`. */
const usualNeeds: LoraNeeds = { loras: 6, rank: 16 };

/** The ranks that vLLM makes room for. */
const possibleRanks = [8, 16, 32, 64, 128, 256, 320, 512];

/** The configuration with a command's options in it. Throws `ConfigError` for options that no engine takes. */
export function withEngine(
  config: MachineConfig,
  { engine = config.engine, vllmCommand, maxLoras, maxLoraRank }: EngineOptions,
): MachineConfig {
  const forVllm = vllmCommand ?? maxLoras ?? maxLoraRank;
  if (engine !== 'vllm' && forVllm !== undefined)
    throw new ConfigError('--vllm-command, --max-loras and --max-lora-rank belong to --engine vllm: add it');
  const { vllm } = config;
  return {
    ...config,
    engine,
    vllm: {
      ...vllm,
      command: vllmCommand ?? vllm.command,
      maxLoras: maxLoras ?? vllm.maxLoras,
      maxLoraRank: maxLoraRank ?? vllm.maxLoraRank,
    },
  };
}

/** The configuration with what these runs need, where it says nothing itself. */
export function withRoomFor(config: MachineConfig, specifications: readonly RunSpecification[]): MachineConfig {
  const needs = loraNeeds(specifications);
  const { maxLoras = needs.loras, maxLoraRank = needs.rank } = config.vllm;
  return { ...config, vllm: { ...config.vllm, maxLoras, maxLoraRank } };
}

/** The most agents that answer at once, and the highest rank, of the adapters that the embedded endpoint will serve. */
export function loraNeeds(specifications: readonly RunSpecification[]): LoraNeeds {
  const found = specifications.flatMap((specification) => {
    const { method, finetuning } = specification;
    const served = trainedAgents(method).filter((agent) => baseOf(specification, agent).endpoint === embeddedEndpoint);
    const ranks = served.map((agent) => rankOf(roleSettings(finetuning, agent).weights));
    return [{ loras: served.length, rank: Math.max(0, ...ranks) }];
  });
  return {
    loras: Math.max(usualNeeds.loras, ...found.map(({ loras }) => loras)),
    rank: Math.max(usualNeeds.rank, ...found.map(({ rank }) => rank)),
  };
}

function rankOf(weights: RunSpecification['finetuning']['weights']): number {
  return weights === 'full' ? 0 : weights.lora.rank;
}

export interface LoraRoom {
  maxLoras: number;
  /** One of those that vLLM has room for. */
  maxLoraRank: number;
}

/** What vLLM is started with. Throws `ConfigError` for a rank above all that it takes. */
export function loraRoom({ vllm }: Pick<MachineConfig, 'vllm'>): LoraRoom {
  const { maxLoras = usualNeeds.loras, maxLoraRank = usualNeeds.rank } = vllm;
  const possible = possibleRanks.find((rank) => rank >= maxLoraRank);
  if (possible !== undefined) return { maxLoras, maxLoraRank: possible };
  throw new ConfigError(
    `vLLM serves adapters of rank ${possibleRanks.at(-1)} at most, and ${maxLoraRank} is asked for: lower finetuning.weights.lora.rank or vllm.maxLoraRank`,
  );
}

/** Throws `ConfigError` for runs that the vLLM of this machine cannot serve, before anything is started for them. */
export function requireServable(config: MachineConfig, specifications: readonly RunSpecification[]): void {
  if (config.engine !== 'vllm') return;
  const bases = new Set(specifications.flatMap(embeddedBases).map(({ base }) => base));
  if (bases.size > 1)
    throw new ConfigError(
      `one vLLM serves one base model, and the endpoint "embedded" is to serve ${[...bases].join(' and ')}: take --engine maft, or run a vLLM for each and name them as endpoints in config.yaml`,
    );
  for (const { iterations, method, finetuning, ...rest } of specifications) {
    if (iterations === 0) continue;
    const full = trainedAgents(method).find(
      (agent) =>
        roleSettings(finetuning, agent).weights === 'full' && baseOf(rest, agent).endpoint === embeddedEndpoint,
    );
    if (full !== undefined) throw new ConfigError(`finetuning.weights: ${fullWeightsRefusal(full, embeddedEndpoint)}`);
  }
}
