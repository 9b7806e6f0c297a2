/** `maft export SOCIETY`: the tuned agents of a society as folders that other programs load, each with its card. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { ConfigError, InvalidRunSpec } from '../errors';
import { exportForms, type ExportForm } from '../export/facts';
import { loadConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import { stderrListener, type SetupListener } from '../machine/setup/progress';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import type { ArtifactStore } from '../ports';
import { interruptSignal } from '../runs/perform-run';
import { findSociety } from '../stored-runs/find-society';
import { StoredRun } from '../stored-runs/stored-run';
import { visibleJson, visibleText } from '../visible-text';
import { findAgents, type AgentWeights } from './export/find-agents';
import { agentFacts, societyFacts, type FoundAgent } from './export/gather-facts';
import { addressOf, commandsHere, converterName, formOf, writeAgent } from './export/write-agent';
import { publishFolder, refuseExisting } from './export/write-folder';
import { makeOutput } from './select/write-selection';

interface ExportOptions {
  as: ExportForm;
  out: string;
  agent?: string;
  llamaCpp?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** What `--json` prints. */
interface ExportSummary {
  /** `RUN@ITERATION` */
  society: string;
  as: ExportForm;
  agents: {
    name: string;
    /** The society's agents that use these weights. */
    agents: string[];
    model: string;
    folder: string;
    holds: 'adapter' | 'whole' | 'gguf';
  }[];
  /** Agents that still are the base model, and are not copied. */
  untuned: string[];
  /** What to run next; empty if Transformers or PEFT load the folders. */
  commands: string[];
}

export function register(program: Command): void {
  program
    .command('export')
    .description("write a society's tuned agents as folders that other programs load, each with a model card")
    .argument('<society>', 'RUN (its last society), RUN@ITERATION or RUN@best')
    .addOption(new Option('--as <form>', 'what to write').choices(exportForms).makeOptionMandatory())
    .requiredOption('--out <folder>', 'folder to make and write to; one folder per agent below it')
    .option('--agent <agent>', 'one agent, such as critic-1; default: all that are tuned')
    .option('--llama-cpp <folder>', 'llama.cpp, whose convert_hf_to_gguf.py makes GGUF files; default: $LLAMA_CPP')
    .option('--overwrite', 'replace folders that an earlier export wrote')
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      '\nForms:\n' +
        '  peft    the LoRA adapter, with tokenizer and chat template\n' +
        '  merged  a whole Hugging Face model\n' +
        '  gguf    a GGUF file, or without llama.cpp the merged model and the command that converts it\n' +
        '  vllm    adapter or whole model, as the society is, and the command that serves it\n' +
        '  ollama  a whole model with its Modelfile, and the commands that load it\n' +
        '\nExample:\n  maft export demo@2 --as merged --out demo-agents',
    )
    .action(async (name: string, options: ExportOptions) => {
      const config = loadConfig();
      const listener = stderrListener();
      const python = async () => (await ensurePythonEnvironment({ listener, ownPython: config.python })).program;
      const machine = { store: openStore(config), listener, python, signal: interruptSignal() };
      const summary = await exportSociety(name, options, machine);
      process.stdout.write(options.json ? `${visibleJson(summary)}\n` : visibleText(told(summary)));
    });
}

/** What exporting needs of this machine. */
interface Exporting {
  store: ArtifactStore;
  /** Found or made once it is known that there is something to write. */
  python: () => Promise<string>;
  listener: SetupListener;
  signal: AbortSignal;
}

/** Exported for tests. Throws `InvalidRunSpec` with one sentence if it cannot be done, before anything is written. */
export async function exportSociety(
  name: string,
  options: ExportOptions,
  { store, listener, signal, ...machine }: Exporting,
): Promise<ExportSummary> {
  const { as, overwrite = false } = options;
  const found = await findSociety(store, name, 'society');
  const { tuned, untuned } = findAgents(store, found.society, options.agent);
  if (as === 'peft') refuseWhole(tuned);
  const out = resolve(options.out);
  refuseExisting(out, { names: tuned.map((each) => each.name), overwrite });
  const script = as === 'gguf' ? converterIn(options.llamaCpp ?? process.env.LLAMA_CPP) : undefined;
  const python = await machine.python();
  const converter = script === undefined ? undefined : { script, python: pythonBeside(script) ?? python };
  const writing = { as, python, converter, signal };
  const society = await societyFacts(new StoredRun(store, found.record), found, untuned);
  const agents: FoundAgent[] = [];
  for (const weights of tuned)
    agents.push(await agentFacts(store, found, { weights, fetching: { python, listener, signal } }));
  await makeOutput(out);
  for (const agent of agents) {
    listener(`Writing ${join(out, agent.facts.name)}`);
    await publishFolder(out, agent.facts.name, (attempt) => writeAgent(attempt, agent, { ...writing, society }));
  }
  const written = agents.map((agent) => ({ agent, folder: join(out, agent.facts.name) }));
  return {
    ...{ society: addressOf(society), as, untuned },
    agents: written.map(({ agent: { facts, weights }, folder }) => ({
      ...{ name: facts.name, agents: facts.agents, model: facts.model, folder },
      holds: formOf(weights, writing),
    })),
    commands: commandsHere(written, { ...writing, society: addressOf(society) }),
  };
}

function refuseWhole(tuned: readonly AgentWeights[]): void {
  const whole = tuned.filter(({ form }) => form === 'whole').map(({ name }) => name);
  if (whole.length === 0) return;
  throw new InvalidRunSpec([
    `--as: peft takes LoRA adapters, and ${whole.join(', ')} ${whole.length === 1 ? 'has' : 'have'} full weights; give --as merged`,
  ]);
}

function converterIn(llamaCpp: string | undefined): string | undefined {
  if (!llamaCpp) return undefined;
  const converter = resolve(llamaCpp, converterName);
  if (existsSync(converter)) return converter;
  throw new ConfigError(`--llama-cpp: there is no ${converter}; give the folder of a llama.cpp checkout`);
}

/** The environment of the checkout has what the converter imports (`sentencepiece`), which ours has not. */
function pythonBeside(converter: string): string | undefined {
  return ['.venv', 'venv'].map((name) => join(dirname(converter), name, 'bin', 'python')).find(existsSync);
}

function told({ society, agents, untuned, commands }: ExportSummary): string {
  const kinds = { adapter: 'adapter', whole: 'whole model', gguf: 'GGUF file' };
  const rows = agents.map(({ name, holds, folder }) => `  ${name.padEnd(14)} ${kinds[holds].padEnd(12)} ${folder}`);
  return `${[
    society,
    ...rows,
    ...(untuned.length === 0 ? [] : [`not copied, still the base model: ${untuned.join(', ')}`]),
    ...(commands.length === 0 ? [] : ['next:', ...commands.map((line) => `  ${line}`)]),
  ].join('\n')}\n`;
}
