/**
 * The tables of the documentation that are made from code: every field of a run specification with its default and what
 * is allowed, and what each preset sets. `npm run docs` writes them between markers; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { comparisonFieldsSchema } from '../contract/comparison';
import { lineSpecificationSchema } from '../contract/line';
import { runSpecificationSchema } from '../contract/specification';
import { measureCatalogue, type MeasureDescription } from '../domain/measures';
import { presets } from '../domain/presets';
import { mapOfTree } from './map';
import { repositoryRoot } from '../machine/paths';
import { allowedAt } from '../specification/allowed-values';
import {
  dottedPath,
  isPlainObject,
  leafPaths,
  valueAt,
  type Path,
  type PlainObject,
} from '../specification/plain-objects';

export interface GeneratedTable {
  /** Below the repository root. */
  file: string;
  /** Of the markers `<!-- generated: NAME -->` and `<!-- end: NAME -->`. */
  name: string;
  make: () => string;
}

export const generatedTables: GeneratedTable[] = [
  { file: 'docs/settings.md', name: 'settings', make: settingsTable },
  { file: 'docs/settings.md', name: 'presets', make: presetsTable },
  { file: 'docs/settings.md', name: 'comparison', make: comparisonTable },
  { file: 'docs/settings.md', name: 'line', make: lineTable },
  { file: 'docs/measures.md', name: 'measures', make: measuresTable },
  { file: 'docs/map.md', name: 'map', make: mapOfTree },
];

interface Setting {
  path: Path;
  default: string;
  /** Chooses the kind of a union for which `allowedAt` describes the field. */
  context: PlainObject;
}

/** One row per field of the specification as the schema has it. */
export function settingsTable(): string {
  const root = z.toJSONSchema(runSpecificationSchema, { io: 'input' }) as PlainObject;
  const rows = settingsBelow(root, { path: [], context: {} }).map((setting) => [
    `\`${dottedPath(setting.path)}\``,
    setting.default,
    allowedAt(setting.path, setting.context),
  ]);
  return markdownTable(['field', 'default', 'allowed'], rows);
}

/** The fields that only a comparison has; its other fields are shared by its methods. */
export function comparisonTable(): string {
  const root = z.toJSONSchema(comparisonFieldsSchema, { io: 'input' }) as PlainObject;
  const rows = settingsBelow(root, { path: [], context: {} }).map(({ path, default: text }) => [
    `\`${dottedPath(path)}\``,
    text,
    allowedAt(path, {}, comparisonFieldsSchema),
  ]);
  return markdownTable(['field', 'default', 'allowed'], rows);
}

/** The fields that only a line has; those that its runs share are described with a run. */
export function lineTable(): string {
  const schema = lineSpecificationSchema.omit({ task: true, evalTask: true, method: true, model: true });
  const root = z.toJSONSchema(schema, { io: 'input' }) as PlainObject;
  const rows = settingsBelow(root, { path: [], context: {} }).map(({ path, default: text }) => [
    `\`${dottedPath(path)}\``,
    text,
    allowedAt(path, {}, schema),
  ]);
  return markdownTable(['field', 'default', 'allowed'], rows);
}

export function presetsTable(): string {
  const rows = Object.entries(presets).map(([name, preset]) => {
    const settings = Object.keys(preset).length === 0 ? [] : leafPaths(preset);
    const words = settings.map((path) => `\`${dottedPath(path)}: ${JSON.stringify(valueAt(preset, path))}\``);
    return [`\`${name}\``, words.join(', ') || 'nothing: the defaults are the method'];
  });
  return markdownTable(['preset', 'sets'], rows);
}

export function measuresTable(): string {
  const rows = Object.values<MeasureDescription>(measureCatalogue).map((measure) => [
    measure.name === undefined ? measure.label : `${measure.label} (\`${measure.name}\`)`,
    measure.unit,
    measure.formula,
    measure.direction,
    measure.needs,
  ]);
  return markdownTable(['measure', 'unit', 'formula', 'direction', 'needs'], rows);
}

/** Puts a table between its markers. Throws if the file has no such markers. */
export function replaceTable(text: string, { name, make, file }: GeneratedTable): string {
  const opening = `<!-- generated: ${name} -->`;
  const closing = `<!-- end: ${name} -->`;
  const [from, to] = [text.indexOf(opening), text.indexOf(closing)];
  if (from < 0 || to < from) throw new Error(`${file} has no markers ${opening} … ${closing}`);
  return `${text.slice(0, from + opening.length)}\n${make()}\n${text.slice(to)}`;
}

interface Place {
  path: Path;
  context: PlainObject;
  /** The nearest enclosing object that is optional. */
  within?: Path;
}

function settingsBelow(node: PlainObject, { path, context, within }: Place): Setting[] {
  const fields = Object.entries((node.properties ?? {}) as Record<string, PlainObject>);
  const required = new Set((node.required ?? []) as string[]);
  return fields.flatMap(([field, child]) => {
    const place = [...path, field];
    const own = { path: place, default: defaultText(child, required.has(field) ? { within } : undefined), context };
    const below = objectsOf(child).flatMap((object) =>
      settingsBelow(object, {
        path: place,
        context: { ...context, ...namedBy(object, place) },
        within: required.has(field) || child.default !== undefined ? within : place,
      }),
    );
    return isChoiceOfWords(child) || below.length === 0 ? [own, ...below] : below;
  });
}

/** The objects a field may be: itself, or the alternatives of a union that have fields. */
function objectsOf(node: PlainObject): PlainObject[] {
  return alternativesOf(node).filter((alternative) => isPlainObject(alternative.properties));
}

/** `finetuning.weights` is a word or an object, so it has a row beside those of its fields. */
function isChoiceOfWords(node: PlainObject): boolean {
  return alternativesOf(node).some((alternative) => !isPlainObject(alternative.properties));
}

function alternativesOf(node: PlainObject): PlainObject[] {
  return (node.anyOf ?? node.oneOf ?? [node]) as PlainObject[];
}

/** `{ task: { kind: 'arithmetic' } }` for the fields of that kind. */
function namedBy(object: PlainObject, path: Path): PlainObject {
  const kind = valueAt(object, ['properties', 'kind', 'const']);
  return kind === undefined ? {} : { [String(path[0])]: { kind } };
}

function defaultText(node: PlainObject, required: Pick<Place, 'within'> | undefined): string {
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``;
  if (required === undefined) return '';
  return required.within === undefined ? 'required' : `required within \`${dottedPath(required.within)}\``;
}

function markdownTable(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

if (require.main === module) {
  for (const generated of generatedTables) {
    const file = join(repositoryRoot(), generated.file);
    writeFileSync(file, replaceTable(readFileSync(file, 'utf8'), generated));
  }
}
