/** Each method's accuracy on one task, with its intervals. */
import { wilsonInterval } from '../domain/statistics';
import type { Chart } from '../report/chart-renderer';
import { percentLabels } from '../report/charts/axes';
import { percent } from '../report/numbers';
import { visibleLine } from '../visible-text';
import type { ComparisonReport } from './build';
import { dotPlot, type DotLine } from './dot-plot';
import type { ComparisonRow } from './rows';

/** Null where nothing is measured yet. */
export function accuracyPlot({ rows, tasks }: ComparisonReport, task: string): Chart | null {
  const lines = rows.flatMap((row) => lineOf(row, task));
  if (lines.length === 0) return null;
  const texts = lines.map(({ label, value, interval: { lower, upper } }) => {
    return `${label} ${percent(value)} (${percent(lower)} to ${percent(upper)})`;
  });
  const of = tasks.length === 1 ? '' : ` on ${visibleLine(task)}`;
  return dotPlot({
    id: `accuracy-${tasks.indexOf(task) + 1}`,
    description: `Accuracy${of}: ${texts.join('; ')}`,
    caption: `Accuracy${of}${lines.some(({ seeds }) => seeds.length > 0) ? ', mean over the seeds' : ''}`,
    lines,
    bounds: { lower: 0, upper: 1 },
    axisLabel: percentLabels.formatter,
    zeroLine: false,
  });
}

/** The interval over the problems is Wilson's, of the problems of all seeds together. */
function lineOf({ label, kind, cells }: ComparisonRow, task: string): DotLine[] {
  const cell = cells[task];
  if (cell === null || cell === undefined) return [];
  const { accuracy, seeds, overSeeds, n } = cell;
  const correct = seeds.reduce((sum, seed) => sum + seed.correct, 0);
  const own = seeds.length === 1 ? [] : seeds.map((seed) => seed.accuracy);
  const interval = wilsonInterval({ correct, n });
  return [{ label, kind, value: accuracy, interval, overSeeds: overSeeds.interval, seeds: own }];
}
