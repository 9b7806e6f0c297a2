/** Finds the files of a data set in a folder, whoever named them: which are for training, which for testing. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { DatasetError } from '../errors';
import type { TaskContext } from './task';

/** What a file's name, or that of a folder above it, says of its problems. */
export type PublishedSplit = 'train' | 'validation' | 'test' | 'whole';

export interface DataFile {
  /** Absolute. */
  path: string;
  /** Below the folder that was given, with `/`. */
  name: string;
  split: PublishedSplit;
}

export interface Layout {
  /** The task's kind: where a folder holds several data sets, the files that carry this name are meant. */
  kind: string;
  /** With the period, in lower case. */
  extensions: readonly string[];
  /** Files that come with the data set and are none of it. */
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

/** Absolute path of what a specification names; relative ones are below the data folder. */
export function dataPath(path: string, { dataDirectory }: TaskContext): string {
  return resolve(dataDirectory, path);
}

/**
 * The files of a data set at a path: that file, or those of the folder, sorted by name. Throws `DatasetError` where there
 * are none.
 */
export async function findDataFiles(path: string, layout: Layout, context: TaskContext): Promise<DataFile[]> {
  const absolute = dataPath(path, context);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) {
    throw new DatasetError(
      `there is no such file or folder, so ${layout.kind} has no problems. A relative path is below MAFT_DATA ` +
        `(${context.dataDirectory}); \`maft data\` says where to get the data`,
      absolute,
    );
  }
  if (found.isFile()) return [{ path: absolute, name: basename(absolute), split: 'whole' }];
  const all = await filesBelow(absolute, layout, deepestFolder);
  if (all.length === 0) throw await noFiles(absolute, layout);
  const own = all.filter(({ name }) => wordsOf(name).includes(layout.kind));
  return own.length > 0 ? own : all;
}

async function filesBelow(root: string, layout: Layout, depth: number, folder = root): Promise<DataFile[]> {
  if (depth === 0) return [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: DataFile[] = [];
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    const path = join(folder, entry.name);
    const isFolder = entry.isSymbolicLink() ? (await stat(await realpath(path))).isDirectory() : entry.isDirectory();
    if (isFolder) files.push(...(await filesBelow(root, layout, depth - 1, path)));
    else if (layout.extensions.includes(extname(entry.name).toLowerCase()) && !layout.ignore?.test(entry.name)) {
      const name = relative(root, path).split(sep).join('/');
      files.push({ path, name, split: splitOf(name) });
    }
  }
  return files;
}

/** The folder nearest to the file decides before those further up, and its own name before all. */
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

async function digestOfFile(path: string): Promise<string> {
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
