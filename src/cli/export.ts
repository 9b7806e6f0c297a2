/** `maft export SOCIETY`: the tuned agents of a society as folders that other programs load, each with its card. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { ConfigError, InvalidRunSpec } from '../errors';
import { conversionCommand, ollamaCommands, vllmAdapterCommands, vllmModelCommands } from '../export/commands';
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
import { formOf, ggufName, writeAgent, type Writing } from './export/write-agent';
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
      const summary = await exportSociety(openStore(loadConfig()), name, options);
      process.stdout.write(options.json ? `${visibleJson(summary)}\n` : visibleText(told(summary)));
    });
}

/** Throws `InvalidRunSpec` with one sentence if it cannot be done, before anything is written. */
async function exportSociety(store: ArtifactStore, name: string, options: ExportOptions): Promise<ExportSummary> {
  const found = await findSociety(store, name, 'society');
  const { society, record } = found;
  const { tuned, untuned } = findAgents(store, society, options.agent);
  const { as } = options;
  if (as === 'peft') refuseWhole(tuned);
  const out = resolve(options.out);
  refuseExisting(out, { names: tuned.map((each) => each.name), overwrite: options.overwrite === true });
  const converter = as === 'gguf' ? converterIn(options.llamaCpp ?? process.env.LLAMA_CPP) : undefined;
  const signal = interruptSignal();
  const listener = stderrListener();
  const python = (await ensurePythonEnvironment({ listener, ownPython: loadConfig().python })).program;
  const facts = await societyFacts(new StoredRun(store, record), found, untuned);
  const agents: FoundAgent[] = [];
  for (const weights of tuned)
    agents.push(await agentFacts(store, found, { weights, fetching: { python, listener, signal } }));
  await makeOutput(out);
  const writing = { as, python, converter, signal };
  const address = `${society.runId}@${society.iteration}`;
  const commands = commandsOf(agents, { ...writing, out, society: address });
  for (const agent of agents) await writeOne(agent, { ...writing, out, listener, society: facts, commands });
  const written = agents.map((agent) => ({
    ...{ name: agent.facts.name, agents: agent.facts.agents, model: agent.facts.model },
    ...{ folder: join(out, agent.facts.name), holds: formOf(agent, writing) },
  }));
  return { society: address, as, agents: written, untuned, commands: commands.flatMap((each) => each.lines) };
}

function refuseWhole(tuned: readonly AgentWeights[]): void {
  const whole = tuned.filter(({ form }) => form === 'whole').map(({ name }) => name);
  if (whole.length === 0) return;
  throw new InvalidRunSpec([
    `--as: peft takes LoRA adapters, and ${whole.join(', ')} have full weights; give --as merged`,
  ]);
}

function converterIn(llamaCpp: string | undefined): string | undefined {
  if (!llamaCpp) return undefined;
  const converter = resolve(llamaCpp, 'convert_hf_to_gguf.py');
  if (existsSync(converter)) return converter;
  throw new ConfigError(`--llama-cpp: there is no ${converter}; give the folder of a llama.cpp checkout`);
}

/** Commands for some of the folders. */
interface Commands {
  names: string[];
  lines: string[];
}

type Commanding = Pick<Writing, 'as' | 'python' | 'converter'> & { out: string; society: string };

function commandsOf(agents: readonly FoundAgent[], { as, python, converter, out, society }: Commanding): Commands[] {
  const folderOf = ({ facts }: FoundAgent) => ({ name: facts.name, folder: join(out, facts.name) });
  const each = (linesOf: (agent: FoundAgent) => string[]) =>
    agents.map((agent) => ({ names: [agent.facts.name], lines: linesOf(agent) }));
  if (as === 'vllm') {
    const adapters = agents.filter(({ weights }) => weights.form === 'adapter');
    const served = adapters.map((agent) => ({
      ...folderOf(agent),
      rank: agent.weights.rank ?? 0,
      base: agent.facts.base,
    }));
    const whole = agents.filter(({ weights }) => weights.form === 'whole');
    const lines = vllmModelCommands(whole.map(folderOf));
    return [
      { names: adapters.map(({ facts }) => facts.name), lines: vllmAdapterCommands(served) },
      ...whole.map(({ facts }, index) => ({ names: [facts.name], lines: [lines[index]!] })),
    ];
  }
  if (as === 'ollama') return each((agent) => ollamaCommands(folderOf(agent), society));
  if (as !== 'gguf' || converter !== undefined) return [];
  return each((agent) => {
    const { folder } = folderOf(agent);
    const file = join(folder, ggufName(agent));
    return [conversionCommand({ python, converter: 'llama.cpp/convert_hf_to_gguf.py', model: folder, file })];
  });
}

type WritingOne = Writing & {
  out: string;
  listener: SetupListener;
  society: Parameters<typeof writeAgent>[2]['society'];
  commands: readonly Commands[];
};

async function writeOne(agent: FoundAgent, { out, listener, commands, ...writing }: WritingOne): Promise<void> {
  const { name } = agent.facts;
  listener(`Writing ${join(out, name)}`);
  const lines = commands.filter(({ names }) => names.includes(name)).flatMap((each) => each.lines);
  await publishFolder(out, name, (attempt) => writeAgent(attempt, agent, { ...writing, commands: lines }));
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
