/** The commands that serve or convert an export, for a shell. */
import { visibleLine } from '../visible-text';
import type { ExportedBase } from './facts';

/** Ranks that vLLM accepts as `--max-lora-rank` (its `config/lora.py`). */
const vllmRanks = [8, 16, 32, 64, 128, 256, 320, 512];

/** One folder as commands name it. */
export interface NamedFolder {
  name: string;
  /** Absolute. */
  folder: string;
}

export interface AdapterFolder extends NamedFolder {
  rank: number;
  base: ExportedBase;
}

/** One server per base, with all adapters on it at once. */
export function vllmAdapterCommands(adapters: readonly AdapterFolder[]): string[] {
  const bases = new Map(adapters.map(({ base }) => [baseArguments(base), base]));
  return [...bases.keys()].map((base) => {
    const own = adapters.filter((adapter) => baseArguments(adapter.base) === base);
    const rank = Math.max(...own.map((adapter) => adapter.rank));
    const modules = own.map(({ name, folder }) => shellWord(`${name}=${folder}`));
    return [
      `vllm serve ${base} --enable-lora --max-loras ${own.length}`,
      `--max-lora-rank ${vllmRanks.find((each) => each >= rank) ?? rank}`,
      `--lora-modules ${modules.join(' ')}`,
    ].join(' ');
  });
}

/** Full weights: one server per agent, each with a port of its own. */
export function vllmModelCommands(folders: readonly NamedFolder[]): string[] {
  return folders.map(
    ({ name, folder }, index) => `vllm serve ${shellWord(folder)} --served-model-name ${name} --port ${8000 + index}`,
  );
}

function baseArguments({ name, revision }: ExportedBase): string {
  return `${shellWord(name)}${revision === undefined ? '' : ` --revision ${shellWord(revision)}`}`;
}

/** @param society `RUN@ITERATION` */
export function ollamaCommands({ name, folder }: NamedFolder, society: string): [string, string] {
  const model = ollamaName(`${society}-${name}`);
  return [`ollama create ${model} -f ${shellWord(`${folder}/Modelfile`)}`, `ollama run ${model}`];
}

/** Ollama's names: letters, digits, `._-`, begun by a letter or digit, at most 80 characters. */
function ollamaName(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  return plain.slice(-80).replace(/^[._-]+/, '');
}

export interface Conversion {
  python: string;
  /** llama.cpp's `convert_hf_to_gguf.py`. */
  converter: string;
  model: string;
  file: string;
}

/** The arguments after `python`. */
export function conversionArguments({ converter, model, file }: Omit<Conversion, 'python'>): string[] {
  return [converter, model, '--outfile', file, '--outtype', 'auto'];
}

export function conversionCommand({ python, ...conversion }: Conversion): string {
  return [python, ...conversionArguments(conversion)].map(shellWord).join(' ');
}

/** Quoted if a shell would read more than one plain word. */
function shellWord(word: string): string {
  const line = visibleLine(word);
  return /^[\w./@=:,+-]+$/.test(line) ? line : `'${line.replace(/'/g, `'\\''`)}'`;
}
