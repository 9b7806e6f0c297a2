/** The files of one agent's folder: weights by `python -m maft.export`, then what its form adds, the card last. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors';
import { modelCard } from '../../export/card';
import { conversionArguments } from '../../export/commands';
import type { ExportedSociety, ExportForm, WeightsForm } from '../../export/facts';
import { modelfile } from '../../export/modelfile';
import { noSecretBut } from '../../machine/child-environment';
import { maftEnvironment, maftModule } from '../../machine/python-start';
import { runCommand } from '../../machine/setup/command';
import type { FoundAgent } from './gather-facts';

export interface Writing {
  as: ExportForm;
  python: string;
  /** llama.cpp's `convert_hf_to_gguf.py`; undefined: a GGUF file cannot be made here. */
  converter: string | undefined;
  signal: AbortSignal;
}

/** What the folder of an agent will hold. */
export function formOf(
  { weights }: Pick<FoundAgent, 'weights'>,
  { as, converter }: Pick<Writing, 'as' | 'converter'>,
): WeightsForm {
  if (as === 'gguf') return converter === undefined ? 'whole' : 'gguf';
  return as === 'peft' || as === 'vllm' ? weights.form : 'whole';
}

/** Throws `ConfigError` with the reason if weights are not those that were recorded, or a program fails. */
export async function writeAgent(
  attempt: string,
  agent: FoundAgent,
  { society, commands, ...writing }: Writing & { society: ExportedSociety; commands: readonly string[] },
): Promise<void> {
  const form = formOf(agent, writing);
  if (form === 'gguf') await writeGguf(attempt, agent, writing);
  else await writeWeights(attempt, agent, { ...writing, form });
  if (writing.as === 'ollama') {
    const { sampling } = agent.facts;
    const { maxLength } = society.specification.finetuning;
    await writeFile(join(attempt, 'Modelfile'), modelfile({ sampling, maxLength, positions: positionsIn(attempt) }));
  }
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
  await runToEnd(python, written, { signal, what: `exporting ${facts.name}` });
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
  const file = join(attempt, ggufName(agent));
  const conversion = conversionArguments({ converter: converter!, model: merged, file });
  await runToEnd(python, conversion, { signal, what: `converting ${agent.facts.name} with ${converter}` });
  if (!existsSync(file)) throw new ConfigError(`${converter} ended without writing ${file}`);
  await rm(merged, { recursive: true });
}

export function ggufName({ facts }: Pick<FoundAgent, 'facts'>): string {
  return `${facts.name}.gguf`;
}

async function runToEnd(
  program: string,
  programArguments: string[],
  { signal, what }: { signal: AbortSignal; what: string },
): Promise<void> {
  const environment = { ...noSecretBut('', process.env), ...maftEnvironment() };
  const { exitCode, output, startError } = await runCommand(program, programArguments, {
    environment,
    signal,
    guarded: true,
  });
  signal.throwIfAborted();
  if (exitCode === 0) return;
  const said = startError ?? output.trim().split('\n').at(-1);
  throw new ConfigError(`${what}: ${said || 'ended without a word'}`);
}

function positionsIn(folder: string): number | undefined {
  const { max_position_embeddings: positions } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
    max_position_embeddings?: unknown;
  };
  return typeof positions === 'number' ? positions : undefined;
}
