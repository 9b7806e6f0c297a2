/** The comparison on a terminal: who wins, the table in the layout of the paper's Tables 1 and 2, then what it cost. */
import { count, percentWithError, points, pointsInterval, pValue } from '../report/numbers';
import { asciiOnly, plainTableLines, wrapped } from '../report/plain-table';
import { visibleLine } from '../report/plain-text';
import type { TableStyle } from '../report/render-table';
import { callsText, type ComparisonReport } from './build';
import { tokensOf } from './costs';
import type { Cell, ComparisonRow } from './rows';

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
    ...report.tasks.flatMap((task) => costLines(report, task, spelt)),
    '',
    ...report.statements.flatMap((statement) => sentences([statement])),
    ...sentences([`${callsText(report)}.`]),
  ];
  return lines.join('\n').replace(/\u00a0/g, ' ');
}

type Spell = (text: string) => string;

/** Rows are methods, columns are tasks; a rule before the votes that nobody asked for. */
function accuracyLines({ rows, tasks }: ComparisonReport, spelt: Spell): string[] {
  const firstVote = rows.findIndex(({ kind }) => kind === 'vote');
  return plainTableLines({
    heads: ['accuracy', ...tasks].map(spelt),
    rows: rows.map(({ label, cells }) => [label, ...tasks.map((task) => accuracyText(cells[task]))].map(spelt)),
    breaks: new Set(firstVote > 0 ? [firstVote] : []),
  });
}

/** `76.5 ± 1.3 % (75.0 to 78.1)`: the lowest and the highest seed, where there are several. */
export function accuracyText(cell: Cell | null | undefined): string {
  if (cell === null || cell === undefined) return '–';
  const text = percentWithError(cell.accuracy, cell.standardError);
  return cell.seeds.length === 1 ? text : `${text} (${spreadText(cell)})`;
}

export function spreadText({ seeds }: Cell): string {
  const accuracies = seeds.map(({ accuracy }) => 100 * accuracy);
  return `${Math.min(...accuracies).toFixed(1)} to ${Math.max(...accuracies).toFixed(1)}`;
}

export function accuracyNote({ rows, seeds }: ComparisonReport): string {
  const sizes = rows.flatMap(({ cells }) =>
    Object.values(cells).flatMap((cell) => cell?.seeds.map(({ n }) => n) ?? []),
  );
  const [fewest, most] = [Math.min(...sizes), Math.max(...sizes)];
  const size =
    sizes.length === 0 ? '' : ` n = ${fewest === most ? count(most) : `${count(fewest)} to ${count(most)}`} per seed.`;
  const several =
    seeds.length === 1 ? `seed ${seeds[0] ?? 0}` : `mean over seeds ${seeds.join(', ')} (lowest to highest)`;
  return `Accuracy ± standard error over the problems; ${several}.${size}`;
}

function costLines({ rows, tasks, baseline }: ComparisonReport, task: string, spelt: Spell): string[] {
  const measured = rows.flatMap((row) => (row.cells[task] ? [{ row, cell: row.cells[task] }] : []));
  if (measured.length === 0) return [];
  const title = `${tasks.length === 1 ? '' : `${task}: `}difference to "${baseline}" and what it costs`;
  return [
    '',
    spelt(title),
    ...plainTableLines({
      heads: costHeads(rows).map(spelt),
      rows: measured.map(({ row, cell }) => costCells(row, cell, hasMoney(rows)).map(spelt)),
    }),
    spelt(costNote),
  ];
}

export const costNote =
  'Calls and tokens (prompt and completion) per answer; p per seed; per point: what an answer takes more than the baseline’s, and in brackets the calls a method was trained on, once, both for one point gained.';

export function hasMoney(rows: ComparisonRow[]): boolean {
  return rows.some(({ cells }) => Object.values(cells).some((cell) => cell !== null && cell.money !== null));
}

export function costHeads(rows: ComparisonRow[]): string[] {
  const heads = ['method', 'calls', 'tokens', 'trained tokens', 'difference', '95 % problems', '95 % seeds', 'McNemar'];
  return [...heads, 'calls / point', 'tokens / point', ...(hasMoney(rows) ? ['money / 1,000', 'money / point'] : [])];
}

export function costCells({ label }: ComparisonRow, cell: Cell, withMoney: boolean): string[] {
  const { comparison, training, perPoint, money } = cell;
  const difference =
    comparison === null
      ? ['', '', '', '']
      : [
          points(comparison.difference),
          pointsInterval(comparison.withinSeeds.interval),
          comparison.overSeeds.interval === null ? '–' : pointsInterval(comparison.overSeeds.interval),
          comparison.seeds.map((seed) => pValue(seed.pValue).replace('p\u00a0=\u00a0', '')).join(', '),
        ];
  const isCompared = comparison !== null;
  return [
    label,
    count(cell.callsPerAnswer),
    count(Math.round(tokensOf(cell))),
    training === null ? '' : count(Math.round(training.tokens)),
    ...difference,
    perPoint === null ? (isCompared ? 'no gain' : '') : `${perOnce(perPoint.calls, perPoint.trainingCalls)}`,
    perPoint === null ? '' : `${perOnce(perPoint.tokens, perPoint.trainingCallTokens)}`,
    ...(withMoney ? moneyCells(money, perPoint?.money ?? null) : []),
  ];
}

function perOnce(each: number, once: number): string {
  const perAnswer = Math.abs(each) < 10 ? each.toFixed(2) : count(Math.round(each));
  return once === 0 ? perAnswer : `${perAnswer} (${count(Math.round(once))})`;
}

function moneyCells(money: Cell['money'], perPoint: Cell['money']): string[] {
  const text = (each: Cell['money']) =>
    each === null
      ? ''
      : `${each.perThousandAnswers.toFixed(2)}${each.once === 0 ? '' : ` (${each.once.toFixed(2)})`} ${each.currency}`;
  return [text(money), text(perPoint)];
}
