/** The commands that serve or convert an export, for a shell. */
import { visibleLine } from '../visible-text';
import type { ExportForm } from './facts';

/** Ranks that vLLM accepts as `--max-lora-rank` (its `config/lora.py`). */
const vllmRanks = [8, 16, 32, 64, 128, 256, 320, 512];

const firstPort = 8000;

/** One agent's folder as commands name it. */
export interface CommandedAgent {
  name: string;
  /** What to write for the folder. */
  folder: string;
  form: 'adapter' | 'whole';
  /** Of an adapter. */
  rank: number;
  base: BaseArgument;
}

/** What to write for the base: a name on the Hub with its commit, or a folder. */
export interface BaseArgument {
  name: string;
  revision?: string;
}

interface Commanding {
  as: ExportForm;
  /** `RUN@ITERATION` */
  society: string;
  /** What to write for Python and for llama.cpp's converter. */
  python: string;
  converter: string;
}

/** What to run next; empty for folders that Transformers or PEFT load. */
export function nextCommands(agents: readonly CommandedAgent[], { as, society, ...conversion }: Commanding): string[] {
  if (as === 'vllm') {
    const whole = agents.filter(({ form }) => form === 'whole');
    return [...adapterServers(agents.filter(({ form }) => form === 'adapter')), ...modelServers(whole)];
  }
  if (as === 'ollama') return agents.flatMap((agent) => ollamaCommands(agent, society));
  if (as === 'gguf') return agents.map((agent) => conversionCommand(agent, conversion));
  return [];
}

/** One server per base, with all adapters on it at once. */
function adapterServers(adapters: readonly CommandedAgent[]): string[] {
  const bases = new Set(adapters.map(({ base }) => baseArguments(base)));
  return [...bases].map((base, index) => {
    const own = adapters.filter((adapter) => baseArguments(adapter.base) === base);
    const rank = Math.max(...own.map((adapter) => adapter.rank));
    const modules = own.map(({ name, folder }) => shellWord(`${name}=${folder}`));
    return [
      `vllm serve ${base}${bases.size > 1 ? ` --port ${firstPort + index}` : ''} --enable-lora --max-loras ${own.length}`,
      `--max-lora-rank ${vllmRanks.find((each) => each >= rank) ?? rank}`,
      `--lora-modules ${modules.join(' ')}`,
    ].join(' ');
  });
}

/** Full weights: one server per agent, each with a port of its own. */
function modelServers(folders: readonly CommandedAgent[]): string[] {
  return folders.map(
    ({ name, folder }, index) =>
      `vllm serve ${shellWord(folder)} --served-model-name ${name} --port ${firstPort + index}`,
  );
}

function baseArguments({ name, revision }: BaseArgument): string {
  return `${shellWord(name)}${revision === undefined ? '' : ` --revision ${shellWord(revision)}`}`;
}

function ollamaCommands({ name, folder }: CommandedAgent, society: string): string[] {
  const model = ollamaName(`${society}-${name}`);
  return [`ollama create ${model} -f ${shellWord(`${folder}/Modelfile`)}`, `ollama run ${model}`];
}

/** Ollama's names: letters, digits, `._-`, begun by a letter or digit, at most 80 characters. */
function ollamaName(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  return plain.slice(-80).replace(/^[._-]+/, '');
}

function conversionCommand(
  { name, folder }: CommandedAgent,
  { python, converter }: Pick<Commanding, 'python' | 'converter'>,
): string {
  const file = `${folder}/${ggufName(name)}`;
  return [python, converter, ...conversionArguments(folder, file)].map(shellWord).join(' ');
}

export const ggufName = (agent: string): string => `${agent}.gguf`;

/** What llama.cpp's `convert_hf_to_gguf.py` is given: the number format stays the model's own. */
export function conversionArguments(model: string, file: string): string[] {
  return [model, '--outfile', file, '--outtype', 'auto'];
}

/** Quoted if a shell would read more than one plain word. */
function shellWord(word: string): string {
  const line = visibleLine(word);
  return /^[\w./@=:,+-]+$/.test(line) ? line : `'${line.replace(/'/g, `'\\''`)}'`;
}
