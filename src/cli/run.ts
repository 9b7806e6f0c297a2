/** `maft run SPEC`: starts or continues a run, follows it, and ends with its table. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import { renderTable, type Report } from '../report';
import { performRun } from '../runs/perform-run';
import { loadRunFile } from '../specification';
import { withLineSettings } from '../stored-runs/runs-of-lines';
import { visibleJson } from '../visible-text';
import { addSetOption, loadWith, type SpecificationOptions } from './specification-options';
import { showPlan } from './validate';
import type { EngineOptions } from '../machine/engine';
import { addEngineOptions, engineOptions } from './engine-options';

interface RunOptions extends SpecificationOptions, EngineOptions {
  dryRun?: boolean;
  id?: string;
  detach?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  addEngineOptions(addSetOption(program.command('run')))
    .description('run a specification: start it or go on with it, follow it, show its results')
    .argument('<specification>', 'YAML or JSON file, such as examples/demo.yaml')
    .option('--id <id>', "run id; default: the specification's name, with a number where that run is finished")
    .option('--detach', 'start it and return (needs a running `maft up` or TEMPORAL_ADDRESS)')
    .option('--dry-run', 'start nothing: check the specification and say what it means, as `maft validate` does')
    .option('--json', 'print the report as JSON at the end; progress goes to standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  maft run examples/demo.yaml\n  maft run my.yaml --id friday --detach\n  maft run my.yaml --set iterations=5 --set method.members=5 --dry-run\n\nServers: TEMPORAL_ADDRESS, else a running `maft up`, else its own for as long as it runs.\nCtrl-C cancels the run; the same command goes on with it.',
    )
    .action(run);
}

async function run(file: string, options: RunOptions): Promise<void> {
  const raw = await withLineSettings(openStore(loadConfig()), await loadWith(loadRunFile, file, options));
  if (options.dryRun) return showPlan(raw, options);
  const { id, detach = false } = options;
  const report = await performRun({ command: 'run', raw, id, detach, engine: engineOptions(options) });
  if (report !== undefined) process.stdout.write(options.json ? `${visibleJson(report)}\n` : closing(report));
}

/** What a finished run ends with on the terminal. */
export function closing(report: Report): string {
  return `${renderTable(report, { ascii: !process.stdout.isTTY, width: process.stdout.columns })}\n`;
}
