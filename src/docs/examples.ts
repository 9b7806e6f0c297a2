/**
 * The JSON twins of `examples/*.yaml`, for `temporal workflow start --input-file`, which reads no YAML. `npm run examples`
 * writes them; a test compares, so that a forgotten one does not go unnoticed.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { digestOf } from '../domain/digests';
import { repositoryRoot } from '../machine/paths';
import { loadSpecificationFile, resolveSpecification } from '../specification';
import { resolveComparison } from '../specification/comparison';
import { completedByLine, lineNamedBy, parseLine } from '../specification/line';
import { isPlainObject } from '../specification/plain-objects';

export interface ExampleTwin {
  /** Absolute path of the YAML file. */
  yaml: string;
  /** Absolute path of its twin, and the twin's expected content. */
  json: string;
  content: string;
}

/** The line whose nights the examples run. */
const exampleLine = path.join(repositoryRoot(), 'examples', 'tiny-line.yaml');

/** Parses a run, a comparison of methods, or a line. Throws `InvalidRunSpec` if it is none of them. */
export async function digestOfExample(raw: unknown): Promise<string> {
  if (!isPlainObject(raw)) return resolveSpecification(raw).digest;
  if ('methods' in raw) return resolveComparison(raw).digest;
  // Only a line has a gate.
  if ('promotion' in raw) return digestOf(parseLine(raw));
  if (lineNamedBy(raw) === undefined) return resolveSpecification(raw).digest;
  const line = parseLine(await loadSpecificationFile(exampleLine));
  return resolveSpecification(completedByLine(raw, { name: 'tiny-line', ...line })).digest;
}

/** One twin per example. Throws `InvalidRunSpec` for an example that is not a specification. */
export async function exampleTwins(folder = path.join(repositoryRoot(), 'examples')): Promise<ExampleTwin[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return Promise.all(
    names.sort().map(async (name) => {
      const yaml = path.join(folder, name);
      const raw = await loadSpecificationFile(yaml);
      await digestOfExample(raw);
      return { yaml, json: yaml.replace(/\.yaml$/, '.json'), content: `${JSON.stringify(raw, undefined, 2)}\n` };
    }),
  );
}

async function main(): Promise<void> {
  for (const { json, content } of await exampleTwins()) {
    writeFileSync(json, content);
    process.stdout.write(`${path.relative(process.cwd(), json)}\n`);
  }
}

if (require.main === module) void main();
