/**
 * `npm run experiment:skills`: do agents specialise while a single model stays mixed? Simulated models of three skills
 * through the program's own voting and selection; what is assumed and what came out is in docs/experiments.md.
 *
 *     npm run experiment:skills                          all conditions, ten seeds
 *     npm run experiment:skills -- --seeds 3             a quick look
 *     npm run experiment:skills -- --only "exponent 3"   one condition
 *     npm run experiment:skills -- --json                for programs
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { memberNumbers } from '../../src/domain/identifiers';
import { conditions, reference } from './conditions';
import { performCondition, type ConditionResult } from './experiment';
import { skills } from './skills';
import { curveTable, differenceTable, resultTable } from './table';

interface Options {
  seeds: number;
  only?: string;
  json?: boolean;
}

function main(): void {
  const program = new Command('experiment:skills')
    .option('--seeds <number>', 'seeds 1, 2, … of every condition', positiveInteger, 10)
    .addOption(new Option('--only <condition>', 'one condition').choices(conditions.map(({ name }) => name)))
    .option('--json', 'print all numbers instead of tables')
    .parse();
  const { seeds: count, only, json } = program.opts<Options>();
  const seeds = memberNumbers(count);
  const chosen = conditions.filter(({ name }) => only === undefined || name === only);
  const results = chosen.map((condition) => {
    process.stderr.write(`${condition.name}\n`);
    return performCondition(condition, seeds);
  });
  process.stdout.write(json ? `${JSON.stringify({ reference, seeds, results })}\n` : tables(results, count));
}

function tables(results: ConditionResult[], seeds: number): string {
  const { iterations, problemsPerSkill } = reference;
  const heading =
    `${seeds} seeds, ${iterations} iterations, ${skills.length * problemsPerSkill} training and as many evaluation problems; ` +
    'mean ± half the 95 % t-interval over the seeds. Mixes: 1 = all skills alike, 0 = one skill.';
  return `${[heading, resultTable(results), differenceTable(results), curveTable(results)].join('\n\n')}\n`;
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 to 9999.');
  return Number(text);
}

main();
