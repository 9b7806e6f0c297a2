/** The base model a platform serves: a folder with ordinary Hugging Face files. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { RunSpecification } from '../../contract/specification';
import { servedName } from '../../domain/served-name';
import { baseModels, embeddedEndpoint } from '../../domain/society';
import { ConfigError } from '../../errors';
import { dataDirectory, repositoryRoot } from '../paths';
import { maftEnvironment, maftModule } from '../python-start';
import { runCommand } from './command';

export interface BaseModel {
  /** Absolute path. */
  folder: string;
  /** Its name in requests: `servedName` of `model.base` in a run specification. */
  name: string;
  /** Base models that the same server offers beside this one: those of the members of a mixed society. */
  further?: BaseModel[];
}

/** The demo's base model, under the name its run specification uses. */
export const demoModelName = 'models/tiny-arithmetic';

/**
 * Finds the folder that `model.base` (or `--model`) names: relative to `MAFT_DATA`, else to this program (for the models
 * shipped with it). Throws `ConfigError`, saying what is missing, if it is not a model folder.
 */
export function findBaseModel(name: string): BaseModel {
  const candidates = isAbsolute(name)
    ? [name]
    : [...new Set([resolve(dataDirectory(), name), join(repositoryRoot(), name)])];
  const folder = candidates.find((candidate) => existsSync(candidate));
  if (folder === undefined) {
    throw new ConfigError(
      `model folder "${name}" does not exist (looked at ${candidates.join(' and ')}): name a folder with a Hugging Face model`,
    );
  }
  const missing = missingFiles(folder);
  if (missing.length > 0)
    throw new ConfigError(`"${folder}" is not a model folder: it has no ${missing.join(', no ')}`);
  return { folder, name: servedName(name) };
}

/**
 * Whether the vocabulary is smaller than the 256 single bytes, as in models made by python/maft/tiny: such a model cannot
 * read prompts in sentences.
 */
export function readsCharacters({ folder }: BaseModel): boolean {
  const { vocab_size: vocabulary } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  return typeof vocabulary === 'number' && vocabulary < 256;
}

/**
 * The base models that the embedded server must offer for a specification, the first with the others beside it; null if all
 * endpoints are elsewhere. Throws `ConfigError` for a folder that is not a model folder.
 */
export function embeddedModels(specification: Pick<RunSpecification, 'model'>): BaseModel | null {
  const [first, ...further] = baseModels(specification)
    .filter(({ endpoint }) => endpoint === embeddedEndpoint)
    .map(({ base }) => findBaseModel(base));
  if (first === undefined) return null;
  return further.length === 0 ? first : { ...first, further };
}

/**
 * Asks the reader that server and trainer share whether they will take a base's folder, and throws its refusal as
 * `ConfigError`. Takes a tenth of a second, up to seconds for a large tokenizer.
 */
export async function requireReadableModel(python: string, folder: string): Promise<void> {
  const result = await runCommand(python, maftModule('maft.model_folder', [folder]), {
    environment: maftEnvironment(),
    timeoutMs: 60_000,
  });
  if (result.exitCode === 0) return;
  const reason = result.startError ?? result.output.trim().split('\n').at(-1);
  throw new ConfigError(`the model folder cannot be used: ${reason || `${folder} could not be read within a minute`}`);
}

/** The quick look without Python. Only safetensors count: pickled weights are never loaded. */
function missingFiles(folder: string): string[] {
  const files = listFolder(folder);
  const missing: string[] = [];
  if (!files.includes('config.json')) missing.push('config.json');
  if (!files.some((file) => file.endsWith('.safetensors'))) missing.push('*.safetensors');
  if (!files.some((file) => file.startsWith('tokenizer'))) missing.push('tokenizer files');
  return missing;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new ConfigError(`cannot read the model folder "${folder}": ${(error as Error).message}`);
  }
}
