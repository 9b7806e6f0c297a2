/** What the schema allows at a path, in words: read from the JSON Schema that `maft schema` prints, so it cannot drift. */
import { z } from 'zod';
import { runSpecificationSchema } from '../contract/specification';
import { isPlainObject, valueAt, type Path, type PlainObject } from './plain-objects';

type SchemaNode = PlainObject;

/** Fields that an object at this path may have. `value` decides between the kinds of a union. */
export function knownFields(path: Path, specification: unknown, schema?: z.ZodType): string[] {
  const objects = nodesAt(path, specification, schema).filter((node) => isPlainObject(node.properties));
  return [...new Set(objects.flatMap((node) => Object.keys(node.properties as PlainObject)))];
}

/** Paths of the fields with this name (`epochs`: `finetuning.epochs`), spelling aside (`batch_size`, `batchsize`). */
export function placesOf(name: string, schema?: z.ZodType): string[] {
  return allPlaces(rootOf(schema ?? runSpecificationSchema)).filter(
    (path) => plainName(path.slice(path.lastIndexOf('.') + 1)) === plainName(name),
  );
}

/** Spelling aside: `batch_size`, `batch-size` and `batchSize` are one name. */
export function plainName(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}

function allPlaces(node: SchemaNode, prefix = ''): string[] {
  const found = branches(node, undefined).flatMap(({ properties }) =>
    Object.entries((properties ?? {}) as Record<string, SchemaNode>).flatMap(([key, part]) => [
      `${prefix}${key}`,
      ...allPlaces(part, `${prefix}${key}.`),
    ]),
  );
  return [...new Set(found)];
}

/** Such as `an integer from 1 to 64 (N: members of the society)`. */
export function allowedAt(path: Path, specification: unknown, schema?: z.ZodType): string {
  const nodes = nodesAt(path, specification, schema);
  const kinds = [...new Set(nodes.map(describe))].join(' or ');
  const meaning = nodes.map(({ description }) => description).find((text) => typeof text === 'string');
  return typeof meaning === 'string' ? `${kinds} (${meaning})` : kinds;
}

const roots = new WeakMap<z.ZodType, SchemaNode>();

/** Cached: it takes tens of milliseconds, and every refused field needs it. */
function rootOf(schema: z.ZodType): SchemaNode {
  const root = roots.get(schema) ?? (z.toJSONSchema(schema, { io: 'input' }) as SchemaNode);
  roots.set(schema, root);
  return root;
}

function nodesAt(path: Path, specification: unknown, schema: z.ZodType = runSpecificationSchema): SchemaNode[] {
  const root = rootOf(schema);
  let nodes = branches(root, specification);
  path.forEach((key, depth) => {
    const value = valueAt(specification, path.slice(0, depth + 1));
    nodes = nodes.flatMap((node) => child(node, key)).flatMap((node) => branches(node, value));
  });
  return nodes;
}

function child(node: SchemaNode, key: string | number): SchemaNode[] {
  const found = typeof key === 'number' ? node.items : valueAt(node.properties, [key]);
  return isPlainObject(found) ? [withDescription(found, undefined)] : [];
}

/** The alternatives of a union; of objects with a fixed `kind` only the one the value names, if it names one. */
function branches(node: SchemaNode, value: unknown): SchemaNode[] {
  const alternatives = node.anyOf ?? node.oneOf;
  if (!Array.isArray(alternatives)) return [node];
  const nodes = (alternatives as SchemaNode[]).map((alternative) => withDescription(alternative, node.description));
  const named = nodes.filter((each) => {
    const kind = valueAt(each, ['properties', 'kind', 'const']);
    return kind !== undefined && kind === valueAt(value, ['kind']);
  });
  return (named.length > 0 ? named : nodes).flatMap((each) => branches(each, value));
}

function withDescription(node: SchemaNode, description: unknown): SchemaNode {
  return { ...node, description: node.description ?? description };
}

function describe(node: SchemaNode): string {
  if ('const' in node) return JSON.stringify(node.const);
  if (Array.isArray(node.enum)) return `one of ${node.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (node.type === 'integer') return `an integer${range(node)}`;
  if (node.type === 'number') return `a number${range(node)}`;
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'string') return `a text${length(node)}`;
  if (node.type === 'array') return list(isPlainObject(node.items) ? describe(node.items) : anything);
  const alternatives = node.anyOf ?? node.oneOf;
  if (Array.isArray(alternatives)) return [...new Set((alternatives as SchemaNode[]).map(describe))].join(' or ');
  if (node.type === undefined) return anything;
  const fields = Object.keys((node.properties ?? {}) as PlainObject);
  return fields.length === 0 ? 'an object with any fields' : `an object with the fields ${fields.join(', ')}`;
}

/** What the schema leaves open: its description says what belongs there. */
const anything = 'any value';

function list(each: string): string {
  return each === anything ? 'a list' : `a list, each ${each}`;
}

function range(node: SchemaNode): string {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = node as Record<string, number | undefined>;
  // Zod writes the largest safe integer if there is no limit.
  const hasMaximum = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && hasMaximum) return ` from ${minimum} to ${maximum}`;
  const lower =
    minimum !== undefined
      ? [`at least ${minimum}`]
      : exclusiveMinimum !== undefined
        ? [`above ${exclusiveMinimum}`]
        : [];
  const upper = hasMaximum
    ? [`at most ${maximum}`]
    : exclusiveMaximum !== undefined
      ? [`below ${exclusiveMaximum}`]
      : [];
  return [' ', [...lower, ...upper].join(' and ')].join('').trimEnd();
}

function length({ minLength, maxLength }: SchemaNode): string {
  if (typeof maxLength === 'number')
    return ` of ${typeof minLength === 'number' ? minLength : 0} to ${maxLength} characters`;
  return typeof minLength === 'number' ? ' that is not empty' : '';
}
