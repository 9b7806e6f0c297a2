/** Untyped objects as they come from YAML or JSON: reading by path, merging, walking. */

import { InvalidRunSpec } from '../errors';

export type PlainObject = Record<string, unknown>;
export type Path = readonly (string | number)[];

export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Most levels of objects and lists in a specification; all recursive functions rely on it. */
const mostLevels = 64;

/** The value itself. Throws `InvalidRunSpec` for one that is nested deeper than any specification is. */
export function notTooDeep(value: unknown, where: string): unknown {
  let level = [value];
  for (let depth = 0; depth <= mostLevels; depth += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    if (level.length === 0) return value;
  }
  throw new InvalidRunSpec([`${where}: is nested more than ${mostLevels} levels deep`]);
}

/** The value at a path; `undefined` if there is none. Own fields only. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, key) => {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return undefined;
    return (part as PlainObject)[key];
  }, value);
}

/** Fields of `over` replace those of `under`; objects are merged field by field, everything else is replaced whole. */
export function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isPlainObject(under) || !isPlainObject(over)) return over;
  const merged = Object.entries(over).map(([key, value]) => [key, merge(valueAt(under, [key]), value)]);
  // `fromEntries` defines fields, so that one named `__proto__` stays a field and is refused as unknown.
  return Object.fromEntries([...Object.entries(under), ...merged]);
}

/** The same without the values at these paths; an object that loses its last field this way stays, empty. */
export function without(value: PlainObject, paths: readonly Path[]): PlainObject {
  return paths.reduce((rest, path) => withoutOne(rest, path), value);
}

function withoutOne(value: PlainObject, [key, ...rest]: Path): PlainObject {
  if (key === undefined || !Object.hasOwn(value, key)) return value;
  const part = value[key];
  if (rest.length > 0 && !isPlainObject(part)) return value;
  const kept = Object.entries(value).filter(([name]) => name !== String(key));
  return Object.fromEntries(rest.length === 0 ? kept : [...kept, [String(key), withoutOne(part as PlainObject, rest)]]);
}

/** Paths of everything that is not an object with fields; a list is one value. */
export function leafPaths(value: unknown, path: Path = []): Path[] {
  if (!isPlainObject(value)) return [path];
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .flatMap(([key, part]) => leafPaths(part, [...path, key]));
}

/** `evaluation.baselines.0`; names that would be misread are quoted. */
export function dottedPath(path: Path): string {
  return path.map((key) => (/^[\w$-]+$/.test(String(key)) ? String(key) : JSON.stringify(key))).join('.');
}
