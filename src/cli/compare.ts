/** `maft compare SPEC`: several methods on the same problems, and one table that says which wins at equal calls. */
import type { Command } from 'commander';
import { renderComparisonTable, writeComparisonViews } from '../comparison';
import { loadConfig } from '../machine/config';
import { comparisonKeys } from '../domain/keys';
import { RunFailed } from '../runs/follow';
import { performComparison, planComparison, readComparison } from '../runs/perform-comparison';
import { loadComparisonFile } from '../specification';
import { isPlainObject } from '../specification/plain-objects';
import { openStore } from '../machine/open-store';
import { seedList } from './number-options';
import { addSetOption, loadWith, type SpecificationOptions } from './specification-options';
import { showPlan } from './validate';
import { visibleJson } from '../visible-text';
import type { EngineOptions } from '../machine/engine';
import { addEngineOptions, engineOptions } from './engine-options';

interface CompareOptions extends SpecificationOptions, EngineOptions {
  dryRun?: boolean;
  seeds?: number[];
  id?: string;
  table?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  addEngineOptions(addSetOption(program.command('compare')))
    .description('compare methods on the same problems: make the runs that are missing, then one table')
    .argument('<specification>', 'YAML or JSON file, such as examples/tiny-table-1.yaml')
    .option('--id <id>', "comparison id; default: the specification's name, with a number where that is another one")
    .option('--seeds <list>', "run seeds, separated by commas; default: the specification's", seedList)
    .option('--table', 'run nothing: compute from the runs that exist')
    .option('--dry-run', 'start nothing: check the comparison and say what it means, as `maft validate` does')
    .option('--json', 'print the comparison as JSON; progress goes to standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  maft compare examples/tiny-table-1.yaml\n  maft compare examples/tiny-table-1.yaml --seeds 1,2,3\n  maft compare my.yaml --table\n\nCtrl-C cancels; the same command goes on where it was. Finished runs are not asked anything again.\nExit code 0 whoever wins, 1 where runs failed.',
    )
    .action(compare);
}

/** The file's content, with its seeds replaced by those asked for. */
async function loadComparison(file: string, { seeds, ...options }: CompareOptions): Promise<unknown> {
  const content = await loadWith(loadComparisonFile, file, options);
  return seeds === undefined || !isPlainObject(content) ? content : { ...content, seeds };
}

async function compare(file: string, options: CompareOptions): Promise<void> {
  const written = await loadComparison(file, options);
  if (options.dryRun) return showPlan(written, options);
  const config = loadConfig();
  const store = openStore(config);
  const comparison = await planComparison(store, written, options.id);
  const failed = options.table ? [] : await performComparison(comparison, config, engineOptions(options));
  const report = await readComparison(store, config, { comparison, failed });
  const style = { ascii: !process.stdout.isTTY, width: process.stdout.columns };
  process.stdout.write(options.json ? `${visibleJson(report)}\n` : `${renderComparisonTable(report, style)}\n`);
  if (options.table) return;
  await writeComparisonViews(store, report);
  process.stderr.write(`page: ${store.addressOf(comparisonKeys.reportPage(comparison.comparisonId))}\n`);
  if (failed.length === 0) return;
  const reasons = failed.map(({ runId, reason }) => `\n  ${runId}: ${reason}`);
  throw new RunFailed(
    `${failed.length} of ${report.runs.length} runs failed; the same command tries them again:${reasons.join('')}`,
  );
}
