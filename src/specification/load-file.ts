/** Reads a run specification from a YAML (or JSON) file. */
import { createReadStream, existsSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { InvalidRunSpec } from '../errors';
import { isPlainObject, notTooDeep } from './plain-objects';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';

/** Fields that a comparison has and a run has not. */
const comparisonFields = ['methods', 'seeds', 'tasks'];

/** As `loadSpecificationFile`, for `maft run`. Throws `InvalidRunSpec` also for a comparison, and names its command. */
export async function loadRunFile(path: string, data?: string): Promise<unknown> {
  const content = await loadSpecificationFile(path, data);
  const field = isPlainObject(content) ? comparisonFields.find((name) => Object.hasOwn(content, name)) : undefined;
  if (field === undefined) return content;
  throw new InvalidRunSpec([
    `${path}: \`${field}\` makes this a comparison of methods, not one run; use \`maft compare ${path}\``,
  ]);
}

/** As `loadSpecificationFile`, for `maft compare`. Throws `InvalidRunSpec` also for a single run, and names its command. */
export async function loadComparisonFile(path: string, data?: string): Promise<unknown> {
  const content = await loadSpecificationFile(path, data);
  if (!isPlainObject(content) || Object.hasOwn(content, 'methods')) return content;
  throw new InvalidRunSpec([
    `${path}: it has no \`methods\`, so there is nothing to compare; for a single run use \`maft run ${path}\``,
  ]);
}

/**
 * The file's content with its paths as workers find them, not yet validated (`resolveSpecification` does that). Throws
 * `InvalidRunSpec` if the file cannot be read or is not YAML, with file, line and column.
 *
 * @param data The data folder of the workers; without one, paths stay as they are written.
 */
export async function loadSpecificationFile(path: string, data?: string): Promise<unknown> {
  const text = await readText(path);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problems = document.errors.map(({ pos: [offset], message }) => {
    const { line, col } = lineCounter.linePos(offset);
    // The parser's own words for a text that is nested thousands of levels deep.
    const reason = message.startsWith('Maximum call stack') ? 'is nested too deep' : message.replaceAll(/\s+/g, ' ');
    return `${path}:${line}:${col}: ${reason}`;
  });
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  const content = notTooDeep(
    contentOf(path, () => document.toJS({ maxAliasCount: 100 }) as unknown),
    path,
  );
  return data === undefined ? content : withNamedFiles(content, path, data);
}

/** Bytes; the largest of our examples has two thousand. */
const largestFile = 2 ** 20;

/** Also of a pipe (`maft run <(…)`), and no more than a specification may have: `/dev/zero` never ends. */
async function readText(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > largestFile) break;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidRunSpec([`${path}: cannot be read (${code ?? message}); give the path of a YAML or JSON file`]);
  }
  if (bytes <= largestFile) return Buffer.concat(chunks).toString('utf8');
  throw new InvalidRunSpec([`${path}: is larger than 1 MB, which no specification is`]);
}

/** Unknown anchors and alias bombs show only when the document becomes values. */
function contentOf(path: string, toValues: () => unknown): unknown {
  try {
    return toValues();
  } catch (error) {
    throw new InvalidRunSpec([`${path}: ${(error as Error).message}`]);
  }
}

/** Settings whose `base` is a model; in those of prompts it names a set. */
const withBase: ReadonlySet<string> = new Set(['model', 'members', 'scorer']);

/**
 * The content of a file, with the files it names beside itself written as workers find them: relative to the data
 * folder, or absolute if outside it. Everything else is left as it is written.
 */
export function withNamedFiles(content: unknown, file: string, dataDirectory: string): unknown {
  const folder = dirname(resolve(file));
  const found = (value: unknown): unknown => {
    if (typeof value !== 'string' || value === '' || isAbsolute(value)) return value;
    const beside = join(folder, value);
    // Of a pattern of names, such as `logs/*.jsonl`, the folder has to be there.
    const known = basename(value).includes('*') ? dirname(beside) : beside;
    return existsSync(known) && beside !== resolve(dataDirectory, value) ? seenFrom(dataDirectory, beside) : value;
  };
  const walk = (value: unknown, setting = ''): unknown => {
    if (Array.isArray(value)) return value.map((each) => walk(each, setting));
    if (!isPlainObject(value)) return value;
    const isTask = Object.hasOwn(value, 'kind');
    const entries = Object.entries(value).map(([key, each]) => {
      const namesFile = (key === 'path' && isTask) || (key === 'base' && withBase.has(setting));
      return [key, namesFile ? found(each) : walk(each, key)];
    });
    return Object.fromEntries(entries) as unknown;
  };
  return walk(content);
}

function seenFrom(folder: string, path: string): string {
  const below = relative(folder, path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}
