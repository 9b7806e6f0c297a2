/** `maft demo`: the main job on this machine, from nothing to a report, in minutes. */
import path from 'node:path';
import type { Command } from 'commander';
import { repositoryRoot } from '../paths';
import { performRun } from '../runs/perform-run';
import { findBaseModel, demoModelName } from '../setup/model-folder';
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

async function demo(): Promise<void> {
  const raw = await loadSpecificationFile(path.join(repositoryRoot(), specificationFile));
  const report = await performRun({
    command: 'demo',
    raw,
    model: findBaseModel(demoModelName),
    id: undefined,
    detach: false,
  });
  if (report !== undefined) process.stdout.write(closing(report));
}
