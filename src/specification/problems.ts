/** One line per problem of a specification: which field, what it holds, what is allowed. */
import type { z } from 'zod';
import { presetNames } from '../domain/presets';
import { allowedAt, knownFields, placesOf, plainName } from './allowed-values';
import { suggestion } from './nearest';
import { dottedPath, valueAt, type Path } from './plain-objects';

type Issue = z.core.$ZodIssue;

const longestValue = 80;

/** A value as JSON on one line, shortened. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

/** One line about a time zone that the IANA data base does not have. */
export function unknownTimeZone(field: string, name: string): string {
  return `${field}: ${shownValue(name)} is not a time zone; it must be a name such as "Europe/Berlin" or "UTC"`;
}

export interface Described {
  /** What was validated. */
  value: unknown;
  /** Leads to the names the author used. */
  shownPath?: (path: Path) => Path;
  /** What it was validated by; default: a run specification. */
  schema?: z.ZodType;
}

/** One line per problem, most often one. */
export function describeIssue(issue: Issue, described: Described): string[] {
  const { value: whole, shownPath = (path) => path, schema } = described;
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField([...path, key], described));
  }
  const [nested] = issue.code === 'invalid_union' ? deepestBranch(issue.errors) : [];
  if (nested !== undefined && nested.path.length > 0) {
    const inner = { ...nested, path: [...path, ...nested.path] as PropertyKey[] };
    return describeIssue(inner, described);
  }
  const value = valueAt(whole, path);
  const field = dottedPath(shownPath(path)) || 'specification';
  const allowed =
    field === 'method'
      ? `a preset's name (${presetNames.join(', ')}) or ${allowedAt(path, whole, schema)}`
      : allowedAt(path, whole, schema);
  if (value === undefined) return [`${field}: missing; it must be ${allowed}`];
  return [`${field}: ${shownValue(value)} is not allowed; it must be ${allowed}`];
}

function unknownField(path: Path, { value: whole, shownPath = (given) => given, schema }: Described): string {
  const known = knownFields(path.slice(0, -1), whole, schema);
  const value = shownValue(valueAt(whole, path));
  const hint = suggestion(String(path.at(-1)), known) || elsewhere(String(path.at(-1)), schema);
  return `${dottedPath(shownPath(path))}: ${value} is an unknown field${hint} (known fields: ${known.join(', ')})`;
}

/** Names in other programs, in plain letters. */
const otherNames: Record<string, string> = {
  agents: 'method.members',
  nagents: 'method.members',
  numagents: 'method.members',
  numrounds: 'method.rounds',
  debaterounds: 'method.rounds',
  numiterations: 'iterations',
  numepochs: 'finetuning.epochs',
  numtrainepochs: 'finetuning.epochs',
  lr: 'finetuning.learningRate',
  basemodel: 'model.base',
  modelname: 'model.base',
  modelnameorpath: 'model.base',
  maxnewtokens: 'sampling.maxTokens',
  dataset: 'task',
};

/** `; did you mean "method.members"?` for a field that belongs elsewhere, or has another name here. */
function elsewhere(name: string, schema: z.ZodType | undefined): string {
  const plain = plainName(name);
  const places = Object.hasOwn(otherNames, plain) ? [otherNames[plain]] : placesOf(name, schema);
  if (places.length === 0 || places.length > 3) return '';
  return `; did you mean ${places.map((place) => JSON.stringify(place)).join(' or ')}?`;
}

/** Of a union's alternatives, the one that got furthest is the one the author meant. */
function deepestBranch(branches: readonly Issue[][]): Issue[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map(({ path }) => path.length));
  return [...branches].sort((left, right) => depth(right) - depth(left))[0] ?? [];
}
