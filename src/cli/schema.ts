/** `maft schema`: the JSON Schema of specifications, for editors and for programs that write them. */
import type { Command } from 'commander';
import { z } from 'zod';
import { comparisonInputSchema } from '../contract/comparison';
import { evaluationRequestSchema } from '../contract/evaluation-request';
import { runSpecificationInputSchema } from '../contract/specification';
import { ConfigError } from '../errors';
import { visibleJson } from '../visible-text';

interface SchemaOptions {
  comparison?: boolean;
  evaluation?: boolean;
}

export function register(program: Command): void {
  program
    .command('schema')
    .description('print the run specification as JSON Schema (draft 2020-12)')
    .option('--comparison', 'of a comparison of methods (`maft compare`) instead of a run')
    .option('--evaluation', 'of the evaluation of a finished society instead of a run')
    .addHelpText(
      'after',
      '\nExample:\n  maft schema > maft.schema.json     then, in the YAML: # yaml-language-server: $schema=maft.schema.json',
    )
    .action(({ comparison, evaluation }: SchemaOptions) => {
      if (comparison && evaluation) throw new ConfigError('--comparison and --evaluation exclude each other');
      const schema = comparison
        ? comparisonJsonSchema()
        : evaluation
          ? evaluationJsonSchema()
          : runSpecificationJsonSchema();
      process.stdout.write(`${visibleJson(schema, 2)}\n`);
    });
}

export function comparisonJsonSchema(): Record<string, unknown> {
  return jsonSchema('maft comparison of methods', comparisonInputSchema);
}

export function evaluationJsonSchema(): Record<string, unknown> {
  return jsonSchema('maft evaluation of a finished society', evaluationRequestSchema);
}

export function runSpecificationJsonSchema(): Record<string, unknown> {
  return jsonSchema('maft run specification', runSpecificationInputSchema);
}

/** The schema of user input, before defaults are applied. */
function jsonSchema(title: string, of: z.ZodType): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(of, { io: 'input' });
  return { $schema, title, ...schema };
}
