/** The proof on a terminal: the curves as a table, then every claim with its numbers, whether it holds or not. */
import { count, counted, percent, points, pointsInterval } from '../report/numbers';
import type { Proof } from './build-proof';
import type { Claim } from './claims';
import type { SeedsComparison } from '../domain/evidence/seeds-comparison';
import { numbersTo, type Curve } from './curves';
import { methodLabels } from './methods';
import type { TrainingEffort } from './steps';

/** Lines without a final newline. */
export function renderProofTable(proof: Proof): string {
  const { problems, seeds, iterations } = proof;
  const lines = [
    `Proof on ${proof.model}: ${count(problems.train)} training and ${count(problems.eval)} evaluation problems per seed, ${counted(iterations, 'iteration')}, ${seedsText(seeds)}`,
    ...proof.notices.map((notice) => `note: ${notice}`),
    '',
    ...curveLines(proof),
    '',
    'Training, per model over all iterations',
    ...proof.effort.map(effortLine),
    '',
    'Claims (difference of accuracies in points; 95 % intervals: over the problems of these seeds | over the seeds)',
    ...proof.claims.flatMap(claimLines),
    '',
    'Also measured',
    ...proof.findings.flatMap(({ first, second, comparison }) => [
      `  ${first}: ${percent(comparison.first)}, ${second}: ${percent(comparison.second)}`,
      ...evidenceLines(comparison).slice(1),
    ]),
  ];
  return lines.join('\n').replace(/\u00a0/g, ' ');
}

function curveLines({ curves, iterations }: Proof): string[] {
  const width = 38;
  const cell = (text: string) => text.padStart(6);
  const head = `${'Accuracy, %, after iteration'.padEnd(width)}${numbersTo(iterations)
    .map((iteration) => cell(String(iteration)))
    .join('')}`;
  const row = (title: string, valueAt: (iteration: number) => number | undefined) => {
    const values = numbersTo(iterations).map(valueAt);
    const cells = values.map((value) => cell(value === undefined ? '' : (100 * value).toFixed(1)));
    return `${title.padEnd(width)}${cells.join('')}`.trimEnd();
  };
  const at = (curve: Curve, iteration: number) => curve.points.find((point) => point.iteration === iteration);
  const rowsOf = (curve: Curve) => [
    row(`  ${curve.label} (${callsText(curve)})`, (iteration) => at(curve, iteration)?.mean),
    ...seedsIn(curve).map((seed) =>
      row(`    seed ${seed}`, (iteration) => at(curve, iteration)?.seeds.find((each) => each.seed === seed)?.accuracy),
    ),
  ];
  const methods = [...new Set(curves.map(({ method }) => method))];
  return [
    head,
    ...methods.flatMap((method) => [
      methodLabels[method],
      ...curves.filter((curve) => curve.method === method).flatMap(rowsOf),
    ]),
  ];
}

function callsText({ callsPerProblem }: Curve): string {
  return callsPerProblem === 1 ? '1 call' : `${callsPerProblem} calls`;
}

/** One seed's values are the mean: no second line for them. */
function seedsIn({ points: curvePoints }: Curve): number[] {
  const seeds = [...new Set(curvePoints.flatMap((point) => point.seeds.map(({ seed }) => seed)))];
  return seeds.length > 1 ? seeds.sort((left, right) => left - right) : [];
}

export function effortText({ models, stepsPerModel, examplesPerModel }: TrainingEffort): string {
  const spread = ({ mean, fewest, most }: TrainingEffort['stepsPerModel']) =>
    fewest === most ? count(most) : `${count(Math.round(mean))} (${count(fewest)} to ${count(most)})`;
  return `${models === 1 ? 'one model' : `${models} models`}: ${spread(stepsPerModel)} optimizer steps, ${spread(examplesPerModel)} examples`;
}

function effortLine(effort: TrainingEffort): string {
  return `  ${methodLabels[effort.method].padEnd(36)}${effortText(effort)}`;
}

function claimLines({ claim, verdict, remark, comparison }: Claim): string[] {
  const mark = {
    holds: 'HOLDS        ',
    'holds for these seeds': 'HOLDS HERE   ',
    'does not hold': 'DOES NOT HOLD',
    'not measured': 'NOT MEASURED ',
  }[verdict];
  const evidence = comparison === null ? [] : evidenceLines(comparison);
  return [`${mark}  ${claim}`, ...evidence, ...(remark === '' ? [] : [`      ${remark}`])];
}

function evidenceLines(comparison: SeedsComparison): string[] {
  return [
    `      ${percent(comparison.first)} against ${percent(comparison.second)}`,
    `      ${evidenceText(comparison)}`,
  ];
}

/** `+15.0 points, +13.2 to +16.8 (n = 2,500) | +13.9 to +16.1 (seeds 21 to 25: +16.4, +14.4, …)` */
export function evidenceText({ difference, withinSeeds, overSeeds, seeds }: SeedsComparison): string {
  const over = overSeeds.interval === null ? 'no interval' : pointsInterval(overSeeds.interval);
  const each = seeds.map((seed) => points(seed.difference)).join(', ');
  const numbers = seedsText(seeds.map(({ seed }) => seed));
  return `${points(difference)} points, ${pointsInterval(withinSeeds.interval)} (n = ${count(withinSeeds.n)}) | ${over} (${numbers}: ${each})`;
}

/** `seeds 21 to 25`, `seeds 21, 24`, `seed 21` */
export function seedsText(seeds: readonly number[]): string {
  const [first = 0] = seeds;
  const last = seeds.at(-1) ?? first;
  if (seeds.length === 1) return `seed ${first}`;
  const isRun = seeds.every((seed, index) => seed === first + index);
  return isRun && seeds.length > 2 ? `seeds ${first} to ${last}` : `seeds ${seeds.join(', ')}`;
}
