/**
 * `npm run experiment:nights`: how often a gate that looks at the same held-out problems every night promotes by luck, and
 * how well it still sees a real gain (docs/decisions, 27).
 *
 *     npm run experiment:nights                              2,000 lines of 365 nights; about a minute
 *     npm run experiment:nights -- --lines 100 --seed 7      a quick look
 */
import { Command, InvalidArgumentError } from 'commander';
import { wilsonInterval } from '../../src/domain/statistics';
import { powerAtLook, promotionsWithoutProgress, spendingRules, type Circumstances } from './simulation';

interface Options {
  lines: number;
  nights: number;
  problems: number;
  seed: number;
}

const looks = [1, 3, 7, 30, 100, 365];
const gains = [0.05, 0.1];

function main(): void {
  const { lines, nights, problems, seed } = new Command('experiment:nights')
    .option('--lines <number>', 'simulated lines', positiveInteger, 2000)
    .option('--nights <number>', 'nights of each', positiveInteger, 365)
    .option('--problems <number>', 'held-out problems', positiveInteger, 500)
    .option('--seed <number>', 'of the first line; the next has the next', positiveInteger, 1)
    .parse()
    .opts<Options>();
  const circumstances: Circumstances = { problems, accuracy: 0.6, drift: 0.1 };
  say(`${lines} lines of ${nights} nights without progress, ${problems} held-out problems, seed ${seed}`);
  for (const rule of spendingRules) {
    const promotions = Array.from({ length: lines }, (_, line) =>
      promotionsWithoutProgress(rule, circumstances, { nights, seed: seed + line }),
    );
    const hit = promotions.filter((count) => count > 0).length;
    const { lower, upper } = wilsonInterval({ correct: hit, n: lines });
    const mean = promotions.reduce((sum, count) => sum + count, 0) / lines;
    say(
      `${rule.name}: ${percent(hit / lines)} of the lines promoted by luck (95 % interval ${percent(lower)} to ` +
        `${percent(upper)}), ${mean.toFixed(2)} promotions per line`,
    );
  }
  for (const gain of gains) {
    say(`\na society that is ${100 * gain} points better is promoted at look ${looks.join(', ')}:`);
    for (const rule of spendingRules) {
      const power = looks.map((look) => powerAtLook(rule, circumstances, { look, gain, trials: lines, seed }));
      say(`${rule.name}: ${power.map(percent).join(', ')}`);
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 to 999999.');
  return Number(text);
}

main();
