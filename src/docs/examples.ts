/**
 * The JSON twins of `examples/*.yaml`, for `temporal workflow start --input-file`, which reads no YAML. `npm run examples`
 * writes them; a test compares, so that a forgotten one does not go unnoticed.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../machine/paths';
import { loadSpecificationFile, resolveSpecification } from '../specification';
import { resolveComparison } from '../specification/comparison';

export interface ExampleTwin {
  /** Absolute path of the YAML file. */
  yaml: string;
  /** Absolute path of its twin, and the twin's expected content. */
  json: string;
  content: string;
}

/** Parses a run or a comparison of methods. Throws `InvalidRunSpec` if it is neither. */
export function digestOfExample(raw: unknown): string {
  const isComparison = typeof raw === 'object' && raw !== null && 'methods' in raw;
  return isComparison ? resolveComparison(raw).digest : resolveSpecification(raw).digest;
}

/** One twin per example. Throws `InvalidRunSpec` for an example that is not a specification. */
export async function exampleTwins(folder = path.join(repositoryRoot(), 'examples')): Promise<ExampleTwin[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return Promise.all(
    names.sort().map(async (name) => {
      const yaml = path.join(folder, name);
      const raw = await loadSpecificationFile(yaml);
      digestOfExample(raw);
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
