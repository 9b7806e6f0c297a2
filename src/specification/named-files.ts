/** Resolves the paths in a specification file: relative ones first beside the file, then where a worker looks. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { isPlainObject } from './plain-objects';

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
    return existsSync(beside) && beside !== resolve(dataDirectory, value) ? seenFrom(dataDirectory, beside) : value;
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
