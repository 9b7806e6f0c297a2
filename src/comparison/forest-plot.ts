/** The forest plot: each method's paired difference to the baseline with its intervals, one plot per task. */
import type { Chart } from '../report/chart-renderer';
import { points, pointsInterval } from '../report/numbers';
import { visibleLine } from '../visible-text';
import type { ComparisonReport } from './build';
import { dotPlot, type DotLine } from './dot-plot';
import type { ComparisonRow } from './rows';

/** Null where nothing is compared yet. */
export function forestPlot({ rows, baseline, tasks }: ComparisonReport, task: string): Chart | null {
  const lines = rows.flatMap((row) => lineOf(row, task));
  if (lines.length === 0) return null;
  const texts = lines.map(({ label, value, interval }) => `${label} ${points(value)} (${pointsInterval(interval)})`);
  const of = tasks.length === 1 ? '' : ` on ${visibleLine(task)}`;
  return dotPlot({
    id: `forest-${tasks.indexOf(task) + 1}`,
    description: `Difference to ${baseline}${of} in percentage points: ${texts.join('; ')}`,
    caption: `Paired difference to “${visibleLine(baseline)}”${of} in percentage points; right of the line: more accurate`,
    lines,
    bounds: { lower: -1, upper: 1 },
    axisLabel: (value) => points(value).replace('.0', ''),
    zeroLine: true,
  });
}

function lineOf({ label, kind, cells }: ComparisonRow, task: string): DotLine[] {
  const comparison = cells[task]?.comparison ?? null;
  if (comparison === null) return [];
  const { difference, withinSeeds, overSeeds, seeds } = comparison;
  const own = seeds.length === 1 ? [] : seeds.map((seed) => seed.difference);
  const { interval } = withinSeeds;
  return [{ label, kind, value: difference, interval, overSeeds: overSeeds.interval, seeds: own }];
}
