/** `maft demo`: the main job on this machine, from nothing to a report, in minutes. */
import path from 'node:path';
import type { Command } from 'commander';
import { ownEngine } from '../machine/engine-names';
import { repositoryRoot } from '../machine/paths';
import { performRun } from '../runs/perform-run';
import { loadSpecificationFile } from '../specification';
import { closing } from './run';

const specificationFile = path.join('examples', 'demo.yaml');

export function register(program: Command): void {
  program
    .command('demo')
    .description(`run ${specificationFile} with servers of its own: debate, vote, finetune, report`)
    .addHelpText(
      'after',
      '\nExample:\n  npm run demo\n\nNeeds no GPU. Ctrl-C cancels; started again it goes on with the unfinished run, or begins a new one.',
    )
    .action(demo);
}

function nextSteps(runId: string): string {
  const steps = [
    ['npx maft ask', `${runId} "3+2*7+5-4*9=?"`, 'one debate of the tuned society, turn by turn'],
    ['npx maft ask', `${runId}@0 "3+2*7+5-4*9=?"`, 'the same, untuned'],
    ['npx maft societies', runId, 'who of the six answers how well alone, and where the weights lie'],
    ['npx maft run', 'my.yaml', 'on your own model and questions: README.md, docs/tasks.md'],
  ].map(([command = '', rest = '', why = '']) => `  ${`${command} ${rest}`.padEnd(44)} ${why}`);
  return `Next:\n${steps.join('\n')}\n`;
}

async function demo(): Promise<void> {
  const raw = await loadSpecificationFile(path.join(repositoryRoot(), specificationFile));
  // It trains full weights, which only maft.serve serves, whatever config.yaml says.
  const report = await performRun({
    command: 'demo',
    raw,
    id: undefined,
    detach: false,
    engine: { engine: ownEngine },
  });
  if (report !== undefined) process.stdout.write(`${closing(report)}\n${nextSteps(report.run.runId)}`);
}
