/** `maft evaluate SOCIETY`: measures a finished society on any task; nothing is trained. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { findSociety } from '../stored-runs/find-society';
import { performRun } from '../runs/perform-run';
import { evaluationSpecification, parseEvaluationRequest } from '../specification/evaluation';
import { openStore } from '../machine/open-store';
import { positiveNumber, wholeNumber } from './number-options';
import { closing } from './run';
import { taskSettings } from './task-option';
import { visibleJson } from '../visible-text';
import type { EngineOptions } from '../machine/engine';
import { addEngineOptions, engineOptions } from './engine-options';

interface EvaluateOptions extends EngineOptions {
  task?: object;
  problems?: number;
  seed?: number;
  id?: string;
  detach?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  addEngineOptions(program.command('evaluate'))
    .description('measure a finished society on any task, without training')
    .argument('<society>', 'RUN or RUN@ITERATION (a number, last, or best by validation), as `maft runs` lists them')
    .option(
      '--task <task>',
      "a kind, the file of your own task, or a JSON object; default: the run's own task",
      taskSettings,
    )
    .option('--problems <n>', 'how many evaluation problems', positiveNumber)
    .option('--seed <n>', "seed of problems and samples; default: the run's, which has the same problems", wholeNumber)
    .option('--id <id>', 'run id of the evaluation; default: made of the society and the task')
    .option('--detach', 'start it and return (needs a running `maft up` or TEMPORAL_ADDRESS)')
    .option('--json', 'print the report as JSON at the end; progress goes to standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  maft evaluate demo --seed 5\n  maft evaluate demo@1 --task \'{"kind": "arithmetic", "max": 8, "eval": 200}\'\n' +
        `  maft evaluate demo@best --task '{"kind": "math", "levels": [4, 5], "eval": 200}'\n\n` +
        'The evaluation is a run of its own, of no iterations: it is followed, resumed and listed like one.',
    )
    .action(evaluate);
}

async function evaluate(name: string, options: EvaluateOptions): Promise<void> {
  const { id, detach = false, json = false } = options;
  const store = openStore(loadConfig());
  const found = await findSociety(store, name, 'society');
  const request = parseEvaluationRequest({ society: name, ...requested(options, found.record.specification) });
  const raw = evaluationSpecification(request, found);
  const report = await performRun({ command: 'evaluate', raw, id, detach, engine: engineOptions(options) });
  if (report !== undefined) process.stdout.write(json ? `${visibleJson(report)}\n` : closing(report));
}

/** The options as an evaluation request, with the number of problems as part of the task. */
function requested(
  { task, problems, seed }: EvaluateOptions,
  source: { task: object; evalTask?: object },
): Record<string, unknown> {
  const sized = problems === undefined ? task : { ...(task ?? source.evalTask ?? source.task), eval: problems };
  return { ...(sized === undefined ? {} : { task: sized }), ...(seed === undefined ? {} : { seed }) };
}
