/** `maft validate SPEC`: checks a specification and shows its defaults, calls and trainings. Starts nothing. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import { requireComparedBases } from '../runs/compared-bases';
import { requirePrices, requireStartable, requireTrainers } from '../runs/before-servers';
import { loadSpecificationFile } from '../specification';
import { resolveComparison } from '../specification/comparison';
import { isPlainObject } from '../specification/plain-objects';
import { withLineSettings } from '../stored-runs/runs-of-lines';
import { visibleJson, visibleText } from '../visible-text';
import { describePlannedComparison, describePlannedRun, plannedComparison, plannedRun, runsOf } from './planned';
import { addSetOption, loadWith, type SpecificationOptions } from './specification-options';

interface ValidateOptions extends SpecificationOptions {
  json?: boolean;
}

export function register(program: Command): void {
  addSetOption(program.command('validate'))
    .description('check a specification, show it with all its defaults, and say how many calls and trainings it means')
    .argument('<specification>', 'YAML or JSON file of a run or of a comparison')
    .option('--json', 'one JSON object: kind, digest, specification, where each value is from, calls and trainings')
    .addHelpText(
      'after',
      '\nExamples:\n  maft validate examples/demo.yaml\n  maft validate my.yaml --set method.members=5 --json\n\nNo server is needed, nothing is asked. Exit code 0: it can be run; 2: it cannot, with one line per problem.',
    )
    .action(validate);
}

async function validate(file: string, options: ValidateOptions): Promise<void> {
  const raw = await loadWith(loadSpecificationFile, file, options);
  showPlan(await withLineSettings(openStore(loadConfig()), raw), options);
}

/** Throws `InvalidRunSpec` or `ConfigError` if it could not be run. */
export function showPlan(raw: unknown, { json = false }: { json?: boolean }): void {
  const lines = isPlainObject(raw) && Object.hasOwn(raw, 'methods') ? comparisonPlan(raw, json) : runPlan(raw, json);
  process.stdout.write(`${lines}\n`);
}

function comparisonPlan(raw: unknown, json: boolean): string {
  const resolved = resolveComparison(raw);
  const specifications = runsOf(resolved).map(({ specification }) => specification);
  requireComparedBases(specifications);
  requireTrainers(specifications);
  requirePrices(specifications, loadConfig());
  return json ? visibleJson(plannedComparison(resolved)) : visibleText(describePlannedComparison(resolved).join('\n'));
}

function runPlan(raw: unknown, json: boolean): string {
  const resolved = requireStartable(raw);
  requireTrainers([resolved.specification]);
  requirePrices([resolved.specification], loadConfig());
  return json ? visibleJson(plannedRun(resolved)) : visibleText(describePlannedRun(resolved).join('\n'));
}
