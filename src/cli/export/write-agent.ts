/** The files of one agent's folder: weights by `python -m maft.export`, then what its form adds, the card last. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors';
import { modelCard } from '../../export/card';
import { conversionArguments, ggufName, nextCommands, type CommandedAgent } from '../../export/commands';
import type { ExportedSociety, ExportForm, WeightsForm } from '../../export/facts';
import { modelfile } from '../../export/modelfile';
import { noSecretBut } from '../../machine/child-environment';
import { maftEnvironment, maftModule } from '../../machine/python-start';
import { runCommand } from '../../machine/setup/command';
import type { AgentWeights } from './find-agents';
import type { FoundAgent } from './gather-facts';

/** Of llama.cpp. */
export const converterName = 'convert_hf_to_gguf.py';

/** llama.cpp's `convert_hf_to_gguf.py`, and the Python that has what it imports. */
export interface Converter {
  script: string;
  python: string;
}

export interface Writing {
  as: ExportForm;
  python: string;
  /** Undefined: a GGUF file cannot be made here. */
  converter: Converter | undefined;
  signal: AbortSignal;
}

/** What the folder of an agent will hold. */
export function formOf({ form }: AgentWeights, { as, converter }: Pick<Writing, 'as' | 'converter'>): WeightsForm {
  if (as === 'gguf') return converter === undefined ? 'whole' : 'gguf';
  return as === 'peft' || as === 'vllm' ? form : 'whole';
}

export const addressOf = ({ runId, iteration }: Pick<ExportedSociety, 'runId' | 'iteration'>): string =>
  `${runId}@${iteration}`;

type Commanding = Pick<Writing, 'as' | 'converter' | 'python'> & { society: string };

/** With the folders of this machine. */
export function commandsHere(
  written: readonly { agent: FoundAgent; folder: string }[],
  { as, converter, python, society }: Commanding,
): string[] {
  const agents = written.map(({ agent, folder }) => commanded(agent, { folder, base: agent.baseFolder }));
  return isConverted(as, converter) ? [] : nextCommands(agents, { as, society, python, converter: unpacked });
}

/** Of one agent alone, without anything of this machine: a card goes elsewhere. */
function commandsInCard(agent: FoundAgent, { as, converter, society }: Omit<Commanding, 'python'>): string[] {
  const agents = [commanded(agent, { folder: agent.facts.name })];
  return isConverted(as, converter) ? [] : nextCommands(agents, { as, society, python: 'python', converter: unpacked });
}

const unpacked = `llama.cpp/${converterName}`;

function isConverted(as: ExportForm, converter: Converter | undefined): boolean {
  return as === 'gguf' && converter !== undefined;
}

function commanded(
  { facts, weights }: FoundAgent,
  { folder, base }: { folder: string; base?: string | undefined },
): CommandedAgent {
  const { name, isOfHub, revision } = facts.base;
  const named =
    isOfHub || base === undefined ? { name, ...(revision === undefined ? {} : { revision }) } : { name: base };
  return { name: facts.name, folder, form: weights.form, rank: weights.rank ?? 0, base: named };
}

/** Throws `ConfigError` with the reason if weights are not those that were recorded, or a program fails. */
export async function writeAgent(
  attempt: string,
  agent: FoundAgent,
  { society, ...writing }: Writing & { society: ExportedSociety },
): Promise<void> {
  const form = formOf(agent.weights, writing);
  if (form === 'gguf') await writeGguf(attempt, agent, writing);
  else await writeWeights(attempt, agent, { ...writing, form });
  if (writing.as === 'ollama') {
    const { sampling } = agent.facts;
    const { maxLength } = society.specification.finetuning;
    await writeFile(join(attempt, 'Modelfile'), modelfile({ sampling, maxLength, positions: positionsIn(attempt) }));
  }
  const commands = commandsInCard(agent, { ...writing, society: addressOf(society) });
  await writeFile(join(attempt, 'README.md'), modelCard({ agent: agent.facts, society, form, commands }));
}

async function writeWeights(
  folder: string,
  { weights, facts, baseFolder }: FoundAgent,
  { python, form, signal }: Pick<Writing, 'python' | 'signal'> & { form: 'adapter' | 'whole' },
): Promise<void> {
  const { base, lineage } = facts;
  const options = {
    weights: weights.folder,
    digest: lineage.steps.at(-1)?.training.digest,
    base: baseFolder,
    'base-name': base.name,
    'base-revision': base.revision,
    out: folder,
  };
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  const written = maftModule('maft.export', [form === 'adapter' ? 'peft' : 'merged', ...given]);
  await runToEnd(python, written, { signal, what: `exporting ${facts.name}`, environment: maftEnvironment() });
}

/** The merged model is only a step on the way, beside the file that is made of it. */
async function writeGguf(
  attempt: string,
  agent: FoundAgent,
  { python, converter, signal }: Omit<Writing, 'as'>,
): Promise<void> {
  const merged = join(attempt, 'merged');
  await mkdir(merged);
  await writeWeights(merged, agent, { python, signal, form: 'whole' });
  const file = join(attempt, ggufName(agent.facts.name));
  const { script, python: own } = converter!;
  const what = `converting ${agent.facts.name} with ${script}`;
  // As its own users start it: it imports what lies beside it.
  await runToEnd(own, [script, ...conversionArguments(merged, file)], { signal, what, environment: {} });
  if (!existsSync(file)) throw new ConfigError(`${what}: it ended without writing a file`);
  await rm(merged, { recursive: true });
}

interface Running {
  signal: AbortSignal;
  what: string;
  environment: Record<string, string>;
}

async function runToEnd(program: string, given: string[], { signal, what, ...own }: Running): Promise<void> {
  const environment = { ...noSecretBut('', process.env), ...own.environment };
  const { exitCode, output, startError } = await runCommand(program, given, { environment, signal, guarded: true });
  signal.throwIfAborted();
  if (exitCode === 0) return;
  const said = startError ?? output.trim().split('\n').at(-1);
  throw new ConfigError(`${what}: ${said || 'it ended without a word'}`);
}

function positionsIn(folder: string): number | undefined {
  const { max_position_embeddings: positions } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
    max_position_embeddings?: unknown;
  };
  return typeof positions === 'number' ? positions : undefined;
}
