/** The comparison on a terminal: who wins, the table in the layout of the paper's Tables 1 and 2, then what it cost. */
import {
  amount,
  callsPerProblemText,
  count,
  percentWithError,
  points,
  pointsInterval,
  pValue,
} from '../report/numbers';
import { iterationsTo } from '../domain/identifiers';
import { asciiOnly, plainTableLines, wrapped } from '../report/plain-table';
import { visibleLine } from '../visible-text';
import type { TableStyle } from '../report/render-table';
import { callsText, type ComparisonReport } from './build';
import { claimsNote } from './claims';
import { tokensOf, type CostPerPoint } from './costs';
import { lastIteration } from './curves';
import type { Explanation } from './explanations';
import type { Cell, ComparisonRow } from './rows';
import { debateColumns, filledColumns, whyCells, whyNote } from './why-table';

/** Lines without a final newline. */
export function renderComparisonTable(report: ComparisonReport, { ascii, width = 100 }: TableStyle): string {
  const spelt = (text: string) => (ascii ? asciiOnly(visibleLine(text)) : visibleLine(text));
  const sentences = (texts: string[]) => texts.flatMap((text) => wrapped(spelt(text), width));
  const lines = [
    ...sentences([report.headline]),
    ...report.notices.flatMap((notice) => sentences([`note: ${notice}`])),
    '',
    ...accuracyLines(report, spelt),
    ...sentences([accuracyNote(report)]),
    ...report.tasks.flatMap((task) => taskLines(report, task, spelt)),
    ...sentences([differenceNote, costNote, ...whyNotes(report)]),
    ...claimLines(report, { spelt, width }),
    '',
    ...report.statements.flatMap((statement) => sentences([statement])),
    ...sentences([`${callsText(report)}.`]),
  ];
  return lines.join('\n').replace(/\u00a0/g, ' ');
}

type Spell = (text: string) => string;

/** The verdict first: what is claimed says nothing by itself. */
function claimLines({ claims, tasks }: ComparisonReport, { spelt, width }: { spelt: Spell; width: number }): string[] {
  const indented = (text: string) => wrapped(spelt(text), width - 4).map((line) => `    ${line}`);
  const lines = tasks.flatMap((task) => {
    const found = (claims[task] ?? []).flatMap(({ sentence, standing, numbers, remarks }) => [
      ...wrapped(spelt(`${standing.toUpperCase()}: ${sentence}`), width),
      ...(numbers === null ? [] : indented(numbers)),
      ...(remarks.length === 0 ? [] : indented(remarks.join('; '))),
    ]);
    return found.length === 0 ? [] : [...(tasks.length === 1 ? [] : [spelt(task)]), ...found];
  });
  return lines.length === 0 ? [] : ['', ...lines, ...wrapped(spelt(claimsNote), width)];
}

/** Means over the seeds; each seed's own are on the page. */
function curveLines({ curves }: Pick<ComparisonReport, 'curves'>, task: string, lines: Lines): string[] {
  const rows = (curves[task] ?? []).flatMap(({ way, curves: all }) => all.map((curve) => ({ ...curve, way })));
  if (rows.length === 0) return [];
  const iterations = iterationsTo(lastIteration(rows));
  const at = (points: (typeof rows)[number]['points'], iteration: number) =>
    points.find((point) => point.iteration === iteration);
  const body = rows.map(({ label, way, points: measured }) => [
    `${label}, ${way}`,
    ...iterations.map((iteration) => {
      const point = at(measured, iteration);
      return point === undefined ? '' : (100 * point.accuracy).toFixed(1);
    }),
  ]);
  return ['', ...lines(['%, after iteration', ...iterations.map(String)], body)];
}

/** Rows are methods, columns are tasks; a rule before the votes at equal calls, and before what else was asked beside. */
function accuracyLines({ rows, tasks }: ComparisonReport, spelt: Spell): string[] {
  const breaks = rows.flatMap(({ kind }, index) => (index > 0 && kind !== rows[index - 1]?.kind ? [index] : []));
  return plainTableLines({
    heads: ['accuracy', ...tasks].map(spelt),
    rows: rows.map(({ label, cells }) => [label, ...tasks.map((task) => accuracyText(cells[task]))].map(spelt)),
    breaks: new Set(breaks),
  });
}

/** `76.5 ± 1.3 % (75.0 to 78.1)`: the lowest and the highest seed, where there are several. */
export function accuracyText(cell: Cell | null | undefined): string {
  if (cell === null || cell === undefined) return '–';
  const text = percentWithError(cell);
  return cell.seeds.length === 1 ? text : `${text} (${spreadText(cell)})`;
}

export function spreadText({ seeds }: Cell): string {
  const accuracies = seeds.map(({ accuracy }) => 100 * accuracy);
  return `${Math.min(...accuracies).toFixed(1)} to ${Math.max(...accuracies).toFixed(1)}`;
}

export function accuracyNote({ rows, seeds }: ComparisonReport): string {
  const results = rows.flatMap(({ cells }) => Object.values(cells).flatMap((cell) => cell?.seeds ?? []));
  const sizes = results.map(({ n }) => n);
  const measured = seeds.filter((seed) => results.length === 0 || results.some((result) => result.seed === seed));
  const [fewest, most] = [Math.min(...sizes), Math.max(...sizes)];
  const size =
    sizes.length === 0 ? '' : ` n = ${fewest === most ? count(most) : `${count(fewest)} to ${count(most)}`} per seed.`;
  const several =
    measured.length === 1 ? `seed ${measured[0] ?? 0}` : `mean over seeds ${measured.join(', ')} (lowest to highest)`;
  return `Accuracy ± standard error over the problems; ${several}.${size}`;
}

/** One for all tasks. */
function whyNotes({ explanations }: ComparisonReport): string[] {
  const columns = filledColumns(Object.values(explanations).flat(), debateColumns);
  return columns.length === 0 ? [] : [`Why: ${whyNote(columns, 'in percent')}`];
}

/** The tables of one task: accuracy over the iterations, what differs from the baseline, what that costs, and why. */
function taskLines(
  { rows, tasks, baseline, curves, explanations }: ComparisonReport,
  task: string,
  spelt: Spell,
): string[] {
  const measured = measuredRows(rows, task);
  if (measured.length === 0) return [];
  const prefix = tasks.length === 1 ? '' : `${task}: `;
  const lines: Lines = (heads, body) =>
    plainTableLines({ heads: heads.map(spelt), rows: body.map((row) => row.map(spelt)) });
  const compared = measured.filter(({ cell }) => cell.comparison !== null);
  return [
    ...curveLines({ curves }, task, lines),
    '',
    ...lines([`${prefix}difference to ${baseline}`, ...differenceHeads], compared.map(differenceCells)),
    '',
    ...lines(
      [`${prefix}cost`, ...costHeads(rows)],
      measured.map((each) => costCells(each, hasMoney(rows))),
    ),
    ...whyLines(explanations[task] ?? [], { prefix, lines }),
  ];
}

type Lines = (heads: string[], body: string[][]) => string[];

/** What of the page's answer to why fits a terminal: the members and their debate. */
function whyLines(explanations: Explanation[], { prefix, lines }: { prefix: string; lines: Lines }): string[] {
  const columns = filledColumns(explanations, debateColumns);
  if (columns.length === 0) return [];
  const body = explanations.map((each) => [each.label, ...whyCells(each, columns)]);
  return ['', ...lines([`${prefix}why`, ...columns.map(({ head }) => head)], body)];
}

export interface MeasuredRow {
  row: ComparisonRow;
  cell: Cell;
}

export function measuredRows(rows: ComparisonRow[], task: string): MeasuredRow[] {
  return rows.flatMap((row) => {
    const cell = row.cells[task];
    return cell === null || cell === undefined ? [] : [{ row, cell }];
  });
}

export const costNote =
  'Calls and tokens (prompt and completion) per answer. Per point: what an answer takes more than the baseline’s, and in brackets what was spent once on the calls a method was trained on (beyond the baseline’s own), both for one point gained; 0: it takes no more. Steps: optimizer steps of one model over all iterations. Trained tokens: completion tokens over all epochs and agents.';

export const differenceNote =
  'Accuracy minus the baseline’s on the same problems, in points: 95 % bootstrap interval over the problems, 95 % t-interval over three seeds or more, exact McNemar p-value of each seed. Not corrected for their number. “Beats”, “loses to”, “clearly”: both intervals exclude 0 and the exact test over all problems has p < 0.05; “for these seeds”: the problems show it, the interval over the seeds does not exclude 0 or there are too few seeds for one.';

export function hasMoney(rows: ComparisonRow[]): boolean {
  return rows.some(({ cells }) => Object.values(cells).some((cell) => cell !== null && cell.money !== null));
}

export const differenceHeads = ['points', '95 % over problems', '95 % over seeds', 'McNemar p'];

/** The row's name, then as many cells as `differenceHeads`. */
export function differenceCells({ row, cell: { comparison } }: MeasuredRow): string[] {
  if (comparison === null) return [row.label];
  const { difference, withinSeeds, overSeeds, seeds } = comparison;
  return [
    row.label,
    points(difference),
    pointsInterval(withinSeeds.interval),
    overSeeds.interval === null ? '–' : pointsInterval(overSeeds.interval),
    seeds.map((seed) => pValue(seed.pValue).replace(/^p\u00a0(=\u00a0)?/, '')).join(', '),
  ];
}

export function costHeads(rows: ComparisonRow[]): string[] {
  const heads = ['calls', 'tokens', 'steps', 'trained tokens', 'calls per point', 'tokens per point'];
  return [...heads, ...(hasMoney(rows) ? ['1,000 answers', 'money per point'] : [])];
}

/** The row's name, then as many cells as `costHeads`. */
export function costCells({ row, cell }: MeasuredRow, withMoney: boolean): string[] {
  const { comparison, training, stepsPerModel, perPoint, money } = cell;
  const gain = perPoint === null ? [comparison === null ? '' : 'no gain', ''] : perPointCells(perPoint);
  return [
    row.label,
    callsPerProblemText(cell.callsPerAnswer),
    `${cell.areTokensUnknown ? '≥ ' : ''}${count(Math.round(tokensOf(cell)))}`,
    stepsPerModel === null ? '' : count(Math.round(stepsPerModel)),
    training === null ? '' : count(Math.round(training.tokens)),
    ...gain,
    ...(withMoney ? [moneyText(money), moneyText(perPoint?.money ?? null)] : []),
  ];
}

function perPointCells({ calls, trainingCalls, tokens, trainingCallTokens }: CostPerPoint): string[] {
  return [perOnce(calls, trainingCalls), perOnce(tokens, trainingCallTokens)];
}

function perOnce(each: number, once: number): string {
  const perAnswer = each === 0 ? '0' : each < 10 ? each.toFixed(2) : count(Math.round(each));
  return once === 0 ? perAnswer : `${perAnswer} (${count(Math.round(once))})`;
}

function moneyText(money: Cell['money']): string {
  if (money === null) return '';
  const { perThousandAnswers, once, currency } = money;
  const spentOnce = once === 0 ? '' : ` (${amount(once)})`;
  return `${amount(perThousandAnswers)}${spentOnce} ${currency}`;
}
