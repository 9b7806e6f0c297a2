/** `maft proof`: the method beside its rivals over several run seeds, and what of its claims these runs show. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { loadConfig, type MachineConfig } from '../config';
import { embeddedEndpoint } from '../domain/society';
import { repositoryRoot } from '../paths';
import type { ArtifactStore } from '../ports';
import { buildProof, type Proof } from '../proof/build-proof';
import { proofMethods, type ProofMethod } from '../proof/methods';
import { performRuns, type FailedRun } from '../proof/perform-proof';
import { defaultSeeds, planProof, type ProofPlan } from '../proof/plan';
import { renderProofPage } from '../proof/render-html';
import { renderProofTable } from '../proof/render-table';
import { readSeries } from '../proof/series';
import { RunFailed } from '../runs/follow';
import { interruptSignal } from '../runs/perform-run';
import { findBaseModel } from '../setup/model-folder';
import { stderrListener } from '../setup/progress';
import { loadSpecificationFile } from '../specification';
import { openStore } from '../wiring';
import { positiveNumber, seedList } from './number-options';
import { visibleJson } from '../visible-text';

const specificationFile = path.join('examples', 'tiny-proof.yaml');

interface ProofCommandOptions {
  seeds?: number[];
  methods?: ProofMethod[];
  iterations?: number;
  problems?: number;
  table?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('proof')
    .description(
      `run ${specificationFile} once per seed and method, and say which claims of the method these runs show`,
    )
    .option('--seeds <list>', `run seeds, separated by commas (default: ${defaultSeeds.join(',')})`, seedList)
    .option('--methods <list>', `of ${proofMethods.join(', ')} (default: all)`, methodList)
    .option('--iterations <number>', 'for a trial: iterations per run', positiveNumber)
    .option('--problems <number>', 'for a trial: training problems per run, and as many for evaluation', positiveNumber)
    .option('--table', 'run nothing: compute from the runs that exist')
    .option('--json', 'print the proof as JSON; progress goes to standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run proof                                    two to three hours on two cores\n  npm run proof -- --seeds 21 --iterations 1 --problems 20\n  npm run proof -- --table\n\nCtrl-C stops it; the same command goes on where it was. What is finished is not done again.\nExit code 0 whatever the claims turn out to be (they are results), 1 where runs failed.',
    )
    .action(proof);
}

async function proof(options: ProofCommandOptions): Promise<void> {
  const base = await loadSpecificationFile(path.join(repositoryRoot(), specificationFile));
  const { seeds = defaultSeeds, methods = [...proofMethods] } = options;
  const plan = planProof(base, { ...options, seeds, methods });
  const config = loadConfig();
  const store = openStore(config);
  const failed = options.table ? [] : await performAll(plan, store);
  const result = await computeProof(plan, store);
  process.stdout.write(options.json ? `${visibleJson(result)}\n` : `${renderProofTable(result)}\n`);
  process.stderr.write(`proof: ${await writeProof(store, config, result)}\n`);
  if (failed.length === 0) return;
  const reasons = failed.map(({ runId, reason }) => `\n  ${runId}: ${reason}`);
  throw new RunFailed(
    `${failed.length} of ${plan.runs.length} runs failed; the same command tries them again:${reasons.join('')}`,
  );
}

async function performAll(plan: ProofPlan, store: ArtifactStore): Promise<FailedRun[]> {
  const { endpoint, base } = plan.runs[0]!.resolved.specification.model;
  const model = endpoint === embeddedEndpoint ? findBaseModel(base) : null;
  return performRuns(plan, store, { model, listener: stderrListener(), interrupted: interruptSignal() });
}

async function computeProof(plan: ProofPlan, store: ArtifactStore): Promise<Proof> {
  const series = await Promise.all(plan.runs.map((run) => readSeries(store, run)));
  return buildProof(
    plan,
    series.filter((run) => run !== undefined),
  );
}

/** Returns where the page is. Both files are views: made anew from the runs each time. */
async function writeProof(store: ArtifactStore, { store: root }: MachineConfig, result: Proof): Promise<string> {
  await store.writeView(`${result.name}/proof.json`, `${visibleJson(result)}\n`);
  await store.writeView(`${result.name}/proof.html`, renderProofPage(result));
  return path.join(root, result.name, 'proof.html');
}

function methodList(text: string): ProofMethod[] {
  return text.split(',').map((part) => {
    const found = proofMethods.find((method) => method === part.trim());
    if (found === undefined) throw new InvalidArgumentError(`"${part.trim()}" is none of ${proofMethods.join(', ')}`);
    return found;
  });
}
