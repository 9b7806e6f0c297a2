/** `--set path=value`: single settings of a specification, given on the command line in place of what its file says. */
import { parseDocument } from 'yaml';
import { InvalidRunSpec } from '../errors';
import { isPlainObject, notTooDeep, type PlainObject } from './plain-objects';

/** Shorthands that stand for one field of an object: a setting beside that field spells them out. */
const shorthands: Record<string, string> = { method: 'preset', stopWhen: 'signal' };

/**
 * The specification with these settings replaced, in the order given; values are read as YAML. Content that is not an
 * object is returned as it is: `resolveSpecification` reports it. Throws `InvalidRunSpec` for a malformed assignment.
 *
 * @param assignments Such as `iterations=3`, `method.members=5`, `task.levels=[4, 5]`.
 */
export function withOverrides(raw: unknown, assignments: readonly string[]): unknown {
  if (assignments.length === 0 || !isPlainObject(raw)) return raw;
  return assignments.map(parseAssignment).reduce((whole, { path, value }) => replaced(whole, path, value), raw);
}

interface Assignment {
  path: string[];
  value: unknown;
}

function parseAssignment(text: string): Assignment {
  const [, dotted = '', written = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
  const path = dotted.split('.').map((part) => part.trim());
  if (path.some((part) => part === ''))
    throw new InvalidRunSpec([`--set ${text}: must be a path and a value, such as method.members=5`]);
  const document = parseDocument(written, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined)
    throw new InvalidRunSpec([`--set ${text}: the value is not valid YAML (${error.message.replaceAll(/\s+/g, ' ')})`]);
  return { path, value: notTooDeep(document.toJS({ maxAliasCount: 100 }), `--set ${dotted}`) };
}

function replaced(whole: PlainObject, [key = '', ...rest]: string[], value: unknown): PlainObject {
  const others = Object.entries(whole).filter(([name]) => name !== key);
  const part = Object.hasOwn(whole, key) ? whole[key] : undefined;
  const next = rest.length === 0 ? value : replaced(asObject(key, part), rest, value);
  // `fromEntries` defines fields, so that one named `__proto__` stays a field and is refused as unknown.
  return Object.fromEntries([...others, [key, next]]);
}

function asObject(key: string, part: unknown): PlainObject {
  if (isPlainObject(part)) return part;
  const field = Object.hasOwn(shorthands, key) ? shorthands[key] : undefined;
  return typeof part === 'string' && field !== undefined ? { [field]: part } : {};
}
