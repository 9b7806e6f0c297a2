/** Each method's paired difference to the baseline with its intervals: a forest plot for each task, and a table. */
import type { SeedsComparison } from '../../domain/evidence/seeds-comparison';
import type { Chart } from '../../pages/chart';
import { dotPlot, type DotLine } from '../../pages/charts/dot-plot';
import { points, pointsInterval, pValue } from '../../pages/numbers';
import { chart, present, section, table, type Cell, type Column, type Section } from '../../pages/page';
import { visibleLine } from '../../visible-text';
import type { ComparisonReport } from '../build';
import { measuredRows, type MeasuredRow } from '../rows';
import { groupsByTask, onTask } from './tasks';

/** Null if nothing is compared yet. */
export function differencesSection(report: ComparisonReport): Section | null {
  const { tasks, baseline } = report;
  const plots = present(tasks.map((task) => forestPlot(report, task)));
  if (plots.length === 0) return null;
  return section('differences', `Differences to “${baseline}”`, [
    ...plots.map(chart),
    table({
      caption: note,
      columns: [{ head: 'Method', brief: `difference to ${baseline}`, of: ({ label }) => label }, ...columns],
      groups: groupsByTask(report).map(({ rows = [], ...group }) => ({
        ...group,
        rows: rows.filter(({ cell }) => cell.comparison !== null),
      })),
    }),
  ]);
}

const note =
  'Accuracy minus the baseline’s on the same problems, in points: 95 % bootstrap interval over the problems, 95 % t-interval over three seeds or more, exact McNemar p-value of each seed. Not corrected for their number. “Beats”, “loses to”, “clearly”: both intervals exclude 0 and the exact test over all problems has p < 0.05; “for these seeds”: the problems show it, the interval over the seeds does not exclude 0 or there are too few seeds for one.';

const compared = (head: string, of: (comparison: SeedsComparison) => Cell, holds?: 'several'): Column<MeasuredRow> => ({
  head,
  holds,
  of: ({ cell: { comparison } }) => comparison && of(comparison),
});

const columns = [
  compared('points', ({ difference }) => points(difference)),
  compared('95 % over problems', ({ withinSeeds }) => pointsInterval(withinSeeds.interval)),
  compared('95 % over seeds', ({ overSeeds: { interval } }) => interval && pointsInterval(interval)),
  compared(
    'McNemar p',
    ({ seeds }) => seeds.map((seed) => pValue(seed.pValue).replace(/^p\u00a0(=\u00a0)?/, '')).join(', '),
    'several',
  ),
];

/** Null if nothing is compared on the task. */
function forestPlot({ rows, baseline, tasks }: ComparisonReport, task: string): Chart | null {
  const on = onTask(tasks, task);
  return dotPlot({
    id: `forest-${tasks.indexOf(task) + 1}`,
    description: `Difference to ${baseline}${on} in percentage points`,
    texts: { value: points, interval: pointsInterval },
    caption: `Paired difference to “${visibleLine(baseline)}”${on} in percentage points; right of the line: more accurate`,
    lines: measuredRows(rows, task).flatMap(lineOf),
    bounds: { lower: -1, upper: 1 },
    axisLabel: (value) => points(value).replace('.0', ''),
    zeroLine: true,
  });
}

function lineOf({ label, kind, cell: { comparison } }: MeasuredRow): DotLine[] {
  if (comparison === null) return [];
  const { difference, withinSeeds, overSeeds, seeds } = comparison;
  const own = seeds.length === 1 ? [] : seeds.map((seed) => seed.difference);
  const { interval } = withinSeeds;
  return [{ label, kind, value: difference, interval, overSeeds: overSeeds.interval, seeds: own }];
}
