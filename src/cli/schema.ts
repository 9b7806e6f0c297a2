/** `maft schema`: the JSON Schema of specifications, for editors and for programs that write them. */
import type { Command } from 'commander';
import { z } from 'zod';
import { comparisonInputSchema } from '../contract/comparison';
import { evaluationRequestSchema } from '../contract/evaluation-request';
import { lineSpecificationInputSchema } from '../contract/line';
import { runSpecificationInputSchema } from '../contract/specification';
import { ConfigError } from '../errors';
import { visibleJson } from '../visible-text';

interface SchemaOptions {
  comparison?: boolean;
  evaluation?: boolean;
  line?: boolean;
}

export function register(program: Command): void {
  program
    .command('schema')
    .description('print the run specification as JSON Schema (draft 2020-12)')
    .option('--comparison', 'of a comparison of methods (`maft compare`) instead of a run')
    .option('--evaluation', 'of the evaluation of a finished society instead of a run')
    .option('--line', 'of a line (`maft line create`) instead of a run')
    .addHelpText(
      'after',
      '\nExample:\n  maft schema > maft.schema.json     then, in the YAML: # yaml-language-server: $schema=maft.schema.json',
    )
    .action(({ comparison, evaluation, line }: SchemaOptions) => {
      const asked = [
        ...(comparison ? [comparisonJsonSchema] : []),
        ...(evaluation ? [evaluationJsonSchema] : []),
        ...(line ? [lineJsonSchema] : []),
      ];
      if (asked.length > 1) throw new ConfigError('--comparison, --evaluation and --line exclude each other');
      const schema = (asked[0] ?? runSpecificationJsonSchema)();
      process.stdout.write(`${visibleJson(schema, 2)}\n`);
    });
}

export function comparisonJsonSchema(): Record<string, unknown> {
  return jsonSchema('maft comparison of methods', comparisonInputSchema);
}

export function evaluationJsonSchema(): Record<string, unknown> {
  return jsonSchema('maft evaluation of a finished society', evaluationRequestSchema);
}

export function lineJsonSchema(): Record<string, unknown> {
  return jsonSchema('maft line of societies', lineSpecificationInputSchema);
}

/** A run of a line has its task and model from there. */
export function runSpecificationJsonSchema(): Record<string, unknown> {
  const { required, ...schema } = jsonSchema('maft run specification', runSpecificationInputSchema);
  return { ...schema, anyOf: [{ required }, { required: ['line'] }] };
}

/** The schema of user input, before defaults are applied. */
function jsonSchema(title: string, of: z.ZodType): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(of, { io: 'input' });
  return { $schema, title, ...schema };
}
