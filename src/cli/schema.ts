/** `maft schema`: the run specification as JSON Schema, for editors and for programs that write specifications. */
import type { Command } from 'commander';
import { z } from 'zod';
import { comparisonInputSchema } from '../contract/comparison';
import { runSpecificationInputSchema } from '../contract/specification';

export function register(program: Command): void {
  program
    .command('schema')
    .description('print the run specification as JSON Schema (draft 2020-12)')
    .option('--comparison', 'of a comparison of methods (`maft compare`) instead of a run')
    .addHelpText(
      'after',
      '\nExample:\n  maft schema > maft.schema.json     then, in the YAML: # yaml-language-server: $schema=maft.schema.json',
    )
    .action(({ comparison }: { comparison?: boolean }) => {
      const schema = comparison ? comparisonJsonSchema() : runSpecificationJsonSchema();
      process.stdout.write(`${JSON.stringify(schema, undefined, 2)}\n`);
    });
}

export function comparisonJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(comparisonInputSchema, { io: 'input' });
  return { $schema, title: 'maft comparison of methods', ...schema };
}

/** Of what a user may write (before defaults), not of what is stored. */
export function runSpecificationJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(runSpecificationInputSchema, { io: 'input' });
  return { $schema, title: 'maft run specification', ...schema };
}
