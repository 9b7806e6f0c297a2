/** The base model a platform serves: a folder with ordinary Hugging Face files. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import type { RunSpecification } from '../../contract/specification';
import { isHubName, isPinned, pinnedTo } from '../../domain/hub-names';
import { embeddedBases, servedName } from '../../domain/society';
import { ConfigError } from '../../errors';
import { dataDirectory, repositoryRoot } from '../paths';
import { maftEnvironment, maftModule } from '../python-start';
import { runCommand } from './command';
import { configFromHub, fetchFromHub, type Fetching } from './hub';

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

/** A base model, and the name of its very weights: of a model of the Hub, with its commit. */
export interface FoundBase extends BaseModel {
  base: string;
}

/**
 * Finds the folder that `model.base` (or `--model`) names: relative to `MAFT_DATA`, else to this program (for the models
 * shipped with it). Throws `ConfigError`, saying what is missing, if it is not a model folder.
 */
export function findBaseModel(name: string): FoundBase {
  const folder = existing(name);
  if (folder === undefined) {
    throw new ConfigError(
      `model folder "${name}" does not exist (looked at ${candidates(name).join(' and ')}): name a folder with a ` +
        'Hugging Face model, or a model of the Hub as owner/name',
    );
  }
  const missing = missingFiles(folder);
  if (missing.length > 0)
    throw new ConfigError(`"${folder}" is not a model folder: it has no ${missing.join(', no ')}`);
  return { folder, name: servedName(name), base: name };
}

/** As `findBaseModel`; a name without a folder that may be one of the Hub is fetched from there, once. */
export async function fetchBaseModel(name: string, fetching: Fetching): Promise<FoundBase> {
  if (!isOfHub(name)) return findBaseModel(name);
  const { folder, commit } = await fetchFromHub(name, fetching);
  const base = pinnedTo(name, commit);
  return { folder, name: servedName(base), base };
}

/** A base's `config.json`; of a model of the Hub it is fetched alone. @param python Made only if the Hub is asked. */
async function readConfig(name: string, python: () => Promise<string>): Promise<Record<string, unknown>> {
  if (isOfHub(name)) return configFromHub(name, await python());
  return configIn(findBaseModel(name).folder);
}

function configIn(folder: string): Record<string, unknown> {
  const file = join(folder, 'config.json');
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'it is not a JSON object' : (error as Error).message;
    throw new ConfigError(`${file} cannot be read: ${reason}`);
  }
}

/** `readConfig`, asking once for each base. */
export function configsOnce(python: () => Promise<string>): (name: string) => Promise<Record<string, unknown>> {
  const asked = new Map<string, Promise<Record<string, unknown>>>();
  return (name) => {
    const asking = asked.get(name) ?? readConfig(name, python);
    asked.set(name, asking);
    return asking;
  };
}

/** `fetchBaseModel`, asking the Hub once for trainings that begin together, and never again for a pinned commit. */
export function baseModelsOnce(fetching: Fetching): (name: string) => Promise<FoundBase> {
  const asked = new Map<string, Promise<FoundBase>>();
  return async (name) => {
    const asking = asked.get(name) ?? fetchBaseModel(name, fetching);
    asked.set(name, asking);
    const found = await asking.catch(() => undefined);
    if (found?.base !== name || !isOfHub(name)) asked.delete(name);
    return asking;
  };
}

/**
 * Finds a base of a run that has pinned its bases: a name of the Hub without a commit was then a folder where the run began,
 * and what the Hub has under that name are other weights.
 */
export function basesAsPinned(find: (name: string) => Promise<FoundBase>): (name: string) => Promise<FoundBase> {
  return async (name) => {
    if (isPinned(name) || !isOfHub(name)) return find(name);
    throw new ConfigError(
      `the run began with the model folder "${name}", which this machine does not have (looked at ` +
        `${candidates(name).join(' and ')}): copy the folder here`,
    );
  };
}

/** Whether a base is to be had from the Hub: a folder of this name is preferred. */
export function isOfHub(name: string): boolean {
  return isHubName(name) && existing(name) === undefined;
}

function existing(name: string): string | undefined {
  return candidates(name).find((candidate) => existsSync(candidate));
}

function candidates(name: string): string[] {
  if (isAbsolute(name)) return [name];
  return [...new Set([resolve(dataDirectory(), name), join(repositoryRoot(), name)])];
}

/**
 * Whether the vocabulary is smaller than the 256 single bytes, as in models made by python/maft/tiny: such a model cannot
 * read prompts in sentences.
 */
export function readsCharacters({ folder }: BaseModel): boolean {
  const { vocab_size: vocabulary } = configIn(folder);
  return typeof vocabulary === 'number' && vocabulary < 256;
}

/** Throws `ConfigError` for a base of the embedded server that is neither a model folder nor a name of the Hub. */
export function requireBases(specifications: readonly Pick<RunSpecification, 'model'>[]): void {
  for (const base of namedBases(specifications)) if (!isOfHub(base)) findBaseModel(base);
}

/**
 * The base models that the embedded server must offer for these runs, the first with the others beside it; null if all
 * endpoints are elsewhere. Throws as `fetchBaseModel`.
 */
export async function embeddedModels(
  specifications: readonly Pick<RunSpecification, 'model'>[],
  fetching: Fetching,
): Promise<BaseModel | null> {
  return fetchTogether(namedBases(specifications), fetching);
}

/** One after the other: the Hub's client downloads several files at a time by itself. */
export async function fetchTogether(names: readonly string[], fetching: Fetching): Promise<BaseModel | null> {
  const found: BaseModel[] = [];
  for (const name of names) found.push(await fetchBaseModel(name, fetching));
  const [first, ...further] = found;
  if (first === undefined) return null;
  return further.length === 0 ? first : { ...first, further };
}

function namedBases(specifications: readonly Pick<RunSpecification, 'model'>[]): string[] {
  return [...new Set(specifications.flatMap(embeddedBases).map(({ base }) => base))];
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
