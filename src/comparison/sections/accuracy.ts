/** Every method's accuracy on every task: a plot for each task, and the table in the layout of the paper's Tables 1 and 2. */
import { wilsonInterval } from '../../domain/statistics';
import type { Chart } from '../../pages/chart';
import { percentLabels } from '../../pages/charts/axes';
import { dotPlot, type DotLine } from '../../pages/charts/dot-plot';
import { count, percent, percentInterval, percentWithError } from '../../pages/numbers';
import { chart, section, table, type Section } from '../../pages/page';
import type { ComparisonReport } from '../build';
import { measuredRows, type Cell, type ComparisonRow, type MeasuredRow } from '../rows';
import { onTask } from './tasks';

/** Rows are methods, columns are tasks. */
export function accuracySection(report: ComparisonReport): Section | null {
  const { rows, tasks } = report;
  const ofKind = (kind: ComparisonRow['kind']) => rows.filter((row) => row.kind === kind);
  const plots = tasks.map((task) => accuracyPlot(report, task));
  return section('accuracy', 'Accuracy', [
    ...plots.map((plot) => plot && chart(plot)),
    table({
      caption: accuracyNote(report),
      columns: [
        { head: 'Method', brief: 'accuracy', of: ({ label }) => label },
        ...tasks.map((task) => ({ head: task, of: ({ cells }: ComparisonRow) => accuracyText(cells[task]) })),
      ],
      groups: [
        { rows: ofKind('method') },
        { title: `Votes that take as many calls as a debate (${voteSizes(rows)})`, rows: ofKind('vote') },
        { title: 'Beside them', rows: ofKind('further') },
      ],
    }),
  ]);
}

/** `6 or 9` */
function voteSizes(rows: ComparisonRow[]): string {
  const calls = rows
    .filter(({ kind }) => kind === 'vote')
    .flatMap(({ cells }) => Object.values(cells).flatMap((cell) => cell?.callsPerAnswer ?? []));
  return [...new Set(calls)].sort((left, right) => left - right).join(' or ');
}

/** `76.5 ± 1.3 % (75.0 to 78.1)`: the lowest and the highest seed, if there are several. */
function accuracyText(cell: Cell | null | undefined): string | null {
  if (cell === null || cell === undefined) return null;
  const text = percentWithError(cell);
  const accuracies = cell.seeds.map(({ accuracy }) => 100 * accuracy);
  if (accuracies.length === 1) return text;
  return `${text} (${Math.min(...accuracies).toFixed(1)} to ${Math.max(...accuracies).toFixed(1)})`;
}

function accuracyNote({ rows, seeds }: ComparisonReport): string {
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

/** Null if nothing is measured yet. */
function accuracyPlot({ rows, tasks }: ComparisonReport, task: string): Chart | null {
  const lines = measuredRows(rows, task).map(lineOf);
  const on = onTask(tasks, task);
  return dotPlot({
    id: `accuracy-${tasks.indexOf(task) + 1}`,
    description: `Accuracy${on}`,
    texts: { value: percent, interval: percentInterval },
    caption: `Accuracy${on}${lines.some(({ seeds }) => seeds.length > 0) ? ', mean over the seeds' : ''}`,
    lines,
    bounds: { lower: 0, upper: 1 },
    axisLabel: percentLabels.formatter,
    zeroLine: false,
  });
}

/** The interval over the problems is Wilson's, of the problems of all seeds together. */
function lineOf({ label, kind, cell }: MeasuredRow): DotLine {
  const { accuracy, seeds, overSeeds, n } = cell;
  const correct = seeds.reduce((sum, seed) => sum + seed.correct, 0);
  const own = seeds.length === 1 ? [] : seeds.map((seed) => seed.accuracy);
  const interval = wilsonInterval({ correct, n });
  return { label, kind, value: accuracy, interval, overSeeds: overSeeds.interval, seeds: own };
}
