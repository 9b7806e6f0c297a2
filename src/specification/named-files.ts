/** What a specification file names by a path: relative ones are looked for beside the file first, then where a worker looks. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { isPlainObject } from './plain-objects';

/** Fields whose texts may name a file or a folder, wherever they stand: of tasks, and of base models. */
const pathFields: ReadonlySet<string> = new Set(['path', 'base']);

/**
 * The content of a file with what it names beside itself as workers find it: relative to the data folder, or absolute where it
 * is not below it. Everything else is left as it is written.
 */
export function withNamedFiles(content: unknown, file: string, dataDirectory: string): unknown {
  const folder = dirname(resolve(file));
  const found = (value: unknown): unknown => {
    if (typeof value !== 'string' || value === '' || isAbsolute(value)) return value;
    const beside = join(folder, value);
    return existsSync(beside) && beside !== resolve(dataDirectory, value) ? seenFrom(dataDirectory, beside) : value;
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isPlainObject(value)) return value;
    const entries = Object.entries(value).map(([key, each]) => [key, pathFields.has(key) ? found(each) : walk(each)]);
    return Object.fromEntries(entries) as unknown;
  };
  return walk(content);
}

function seenFrom(folder: string, path: string): string {
  const below = relative(folder, path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}
