/** Finds the files of a data set in a folder, however they are named: which are for training, which for testing. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { ConfigError, DatasetError } from '../errors';
import type { TaskContext } from './task';
import { isBelow } from './task-access';

/** The split that a file's name, or that of a folder above it, says its problems belong to. */
export type PublishedSplit = 'train' | 'validation' | 'test' | 'whole';

export interface DataFile {
  /** Absolute. */
  path: string;
  /** Below the folder that was given, with `/`. */
  name: string;
  split: PublishedSplit;
}

export interface Layout {
  /** The task's kind: if a folder holds several data sets, only files with this name count. */
  kind: string;
  /** With the period, in lower case. */
  extensions: readonly string[];
  /** Files that come with the data set but do not belong to it. */
  ignore?: RegExp;
  /** Such as `train.jsonl and test.jsonl`. */
  expected: string;
}

/** Words of file and folder names, and the split they stand for. */
const splitWords: Record<string, PublishedSplit> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  dev: 'validation',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};
/** Deep enough for `MATH/train/algebra/1.json` in a folder around it. */
const deepestFolder = 5;

/**
 * Absolute path of a specification's path; relative ones are below the data folder. Throws `ConfigError` for a path
 * outside the folders that this machine's operator allows: somebody else may have written the specification.
 */
export function dataPath(path: string, { dataDirectory, dataFolders = [], access }: TaskContext): string {
  const absolute = resolve(dataDirectory, path);
  const folders = [dataDirectory, ...dataFolders].map((folder) => resolve(dataDirectory, folder));
  if (folders.some((folder) => isBelow(absolute, folder)) || access?.mayRead(absolute) === true) return absolute;
  throw new ConfigError(
    `task.path: ${absolute} is outside MAFT_DATA (${dataDirectory}): move the data, set MAFT_DATA, start the run by ` +
      '`maft run` on this machine, or allow its folder under `dataFolders` in config.yaml',
  );
}

/**
 * The files of a data set at a path: that file, those of the folder, or those whose names match (`logs/2026-*.jsonl`), sorted
 * by name. Throws `DatasetError` if there are none.
 */
export async function findDataFiles(path: string, layout: Layout, context: TaskContext): Promise<DataFile[]> {
  const absolute = dataPath(path, context);
  if (basename(absolute).includes('*')) return matchingFiles(absolute, layout);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) {
    throw new DatasetError(
      `there is no such file or folder, so ${layout.kind} has no problems. A relative path is below MAFT_DATA ` +
        `(${context.dataDirectory}); \`maft data\` says where to get the data`,
      absolute,
    );
  }
  if (!found.isFile() && !found.isDirectory())
    throw new DatasetError('is neither a file nor a folder, but a device, a pipe or a socket', absolute);
  if (found.isFile()) return [{ path: absolute, name: basename(absolute), split: 'whole' }];
  const all = await filesBelow(absolute, layout, deepestFolder).catch(explained);
  if (all.length === 0) throw await noFiles(absolute, layout);
  const own = all.filter(({ name }) => wordsOf(name).includes(layout.kind));
  return own.length > 0 ? own : all;
}

/** Files by a pattern of their names; folders below are not searched. */
async function matchingFiles(path: string, layout: Layout): Promise<DataFile[]> {
  const files = await filesBelow(dirname(path), layout, 1).catch(explained);
  const matching = files.filter(({ name }) => matches(name, basename(path).split('*')));
  if (matching.length > 0) return matching;
  throw new DatasetError(`no ${layout.extensions.join(' or ')} file matches, so ${layout.kind} has no problems`, path);
}

/** Whether the parts stand in the name in their order, with anything between them. Linear: a stranger may write the pattern. */
function matches(name: string, [first = '', ...parts]: string[]): boolean {
  const last = parts.pop() ?? '';
  let at = name.startsWith(first) ? first.length : -1;
  for (const part of parts) {
    const found = at < 0 ? -1 : name.indexOf(part, at);
    at = found < 0 ? -1 : found + part.length;
  }
  return at >= 0 && name.length - last.length >= at && name.endsWith(last);
}

async function filesBelow(root: string, layout: Layout, depth: number, folder = root): Promise<DataFile[]> {
  if (depth === 0) return [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: DataFile[] = [];
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    const path = join(folder, entry.name);
    const isFolder = entry.isSymbolicLink() ? await leadsToFolder(path) : entry.isDirectory();
    if (isFolder) files.push(...(await filesBelow(root, layout, depth - 1, path)));
    else if (layout.extensions.includes(extname(entry.name).toLowerCase()) && !layout.ignore?.test(entry.name)) {
      const name = relative(root, path).split(sep).join('/');
      files.push({ path, name, split: splitOf(name) });
    }
  }
  return files;
}

/** Follows a link. Throws if it leads nowhere, or to a folder that contains it: its files would be read for ever. */
async function leadsToFolder(link: string): Promise<boolean> {
  const target = await realpath(link);
  if (!(await stat(target)).isDirectory()) return false;
  if (isBelow(await realpath(dirname(link)), target))
    throw new DatasetError('is a link to a folder that it lies in: remove it', link);
  return true;
}

const reasons: Partial<Record<string, string>> = {
  ENOENT: 'is a link that leads nowhere: remove it',
  ELOOP: 'is a link that leads to itself: remove it',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
};

/** Throws a file system's error as an error of the data. */
function explained(error: NodeJS.ErrnoException): never {
  if (error.code === undefined || error.path === undefined) throw error;
  throw new DatasetError(reasons[error.code] ?? `cannot be read (${error.code})`, error.path);
}

/** The file's own name decides first, then the folders above it from the nearest up. */
function splitOf(name: string): PublishedSplit {
  const parts = name
    .replace(/\.[^.]+$/, '')
    .split('/')
    .reverse();
  for (const part of parts) {
    // `abstract_algebra_test`, `auxiliary_train`: the last word that names a split.
    const word = wordsOf(part)
      .reverse()
      .find((each) => each in splitWords);
    if (word !== undefined) return splitWords[word]!;
  }
  return 'whole';
}

function wordsOf(name: string): string[] {
  return name.toLowerCase().split(/[^a-z0-9]+/);
}

async function noFiles(folder: string, layout: Layout): Promise<DatasetError> {
  const parquet = await filesBelow(folder, { ...layout, extensions: ['.parquet'] }, deepestFolder);
  const hint = parquet.length > 0 ? ` (Parquet files are not read: convert ${parquet[0]!.name} to JSON lines)` : '';
  return new DatasetError(
    `holds no ${layout.extensions.join(' or ')} files of ${layout.kind}; expected are ${layout.expected}${hint}`,
    folder,
  );
}

/** SHA-256 (hex) of a file, or of the sorted list `<digest>  <name>` of several. */
export async function digestOfFiles(files: readonly DataFile[]): Promise<string> {
  const lines: string[] = [];
  for (const { path, name } of files) lines.push(`${await digestOfFile(path)}  ${name}\n`);
  if (lines.length === 1) return lines[0]!.slice(0, 64);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** SHA-256 (hex). */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The folder that all files lie in, or the one file. */
export function commonPath(files: readonly DataFile[]): string {
  const [first, ...others] = files.map(({ path }) => path);
  if (first === undefined || others.length === 0) return first ?? '';
  let folder = dirname(first);
  while (!others.every((path) => path.startsWith(`${folder}${sep}`))) folder = dirname(folder);
  return folder;
}
