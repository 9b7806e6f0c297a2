/** The forest plot: each method's paired difference to the baseline with its interval, one plot per task. */
import type { CustomSeriesRenderItem, EChartsOption } from 'echarts';
import type { Interval } from '../domain/statistics';
import type { Chart } from '../report/chart-renderer';
import { axisStyle } from '../report/charts/axes';
import { color, seriesColor } from '../report/colors';
import { points, pointsInterval } from '../report/numbers';
import { visibleLine } from '../visible-text';
import type { ComparisonReport } from './build';
import type { ComparisonRow } from './rows';

interface Line {
  label: string;
  kind: ComparisonRow['kind'];
  difference: number;
  lower: number;
  upper: number;
  /** Over the seeds, where there are several. */
  overSeeds: Interval | null;
  /** Each seed's own difference, where there are several. */
  seeds: number[];
}

/** A name stands above its interval: beside it there is no room on a phone. */
const lineHeight = 44;

/** Null where nothing is compared yet. */
export function forestPlot({ rows, baseline, tasks }: ComparisonReport, task: string): Chart | null {
  const lines = rows.flatMap((row) => lineOf(row, task));
  if (lines.length === 0) return null;
  const texts = lines.map(({ label, ...line }) => `${label} ${points(line.difference)} (${pointsInterval(line)})`);
  const of = tasks.length === 1 ? '' : ` on ${task}`;
  return {
    id: `forest-${tasks.indexOf(task) + 1}`,
    description: `Difference to ${baseline}${of} in percentage points: ${texts.join('; ')}`,
    caption: `Paired difference to “${visibleLine(baseline)}”${of === '' ? '' : ` on ${visibleLine(task)}`} in percentage points, with 95 % intervals over the problems${lines.some(({ overSeeds }) => overSeeds !== null) ? ' (thick) and over the seeds (thin); small marks are single seeds' : ''}. Right of the line: more accurate.`,
    legend: [
      { label: 'methods', color: seriesColor(0) },
      ...(lines.some(({ kind }) => kind === 'vote') ? [{ label: 'votes', color: seriesColor(1) }] : []),
    ],
    height: 40 + lineHeight * lines.length,
    option: ({ width }) => plotOption(lines, width),
  };
}

function lineOf({ label, kind, cells }: ComparisonRow, task: string): Line[] {
  const comparison = cells[task]?.comparison ?? null;
  if (comparison === null) return [];
  const { difference, withinSeeds, overSeeds, seeds } = comparison;
  const own = seeds.length === 1 ? [] : seeds.map((seed) => seed.difference);
  const { interval } = overSeeds;
  return [{ label, kind, difference, ...withinSeeds.interval, overSeeds: interval, seeds: own }];
}

function plotOption(lines: Line[], width: number): EChartsOption {
  const everything = lines.flatMap(({ lower, upper, overSeeds, seeds }) => [
    ...[lower, upper, ...seeds],
    ...(overSeeds === null ? [] : [overSeeds.lower, overSeeds.upper]),
  ]);
  const step = 0.05;
  return {
    grid: { left: 24, right: 24, top: 4, bottom: 28 },
    xAxis: {
      ...axisStyle,
      type: 'value',
      min: Math.floor(Math.min(0, ...everything) / step) * step,
      max: Math.ceil(Math.max(0, ...everything) / step) * step,
      splitNumber: width > 500 ? 6 : 3,
      axisLabel: { ...axisStyle.axisLabel, formatter: (value: number) => points(value).replace('.0', '') },
    },
    yAxis: { type: 'category', inverse: true, data: lines.map((_, index) => String(index)), show: false },
    series: [
      { type: 'custom', silent: true, renderItem: zeroLine, data: [[0, 0]], z: 1 },
      { type: 'custom', silent: true, renderItem: interval(lines), data: lines.map((_, index) => [0, index]), z: 2 },
    ],
  };
}

const zeroLine: CustomSeriesRenderItem = ({ coordSys }, api) => {
  const { y = 0, height = 0 } = coordSys as unknown as { y?: number; height?: number };
  const [x = 0] = api.coord([0, 0]);
  return {
    type: 'line',
    shape: { x1: x, y1: y, x2: x, y2: y + height },
    style: { stroke: color('muted'), lineWidth: 1 },
  };
};

/** So that the line of no difference does not run through a name. */
const halo = { stroke: color('surface'), lineWidth: 4 };

function thinStretch(x1: number, x2: number, { y, stroke }: { y: number; stroke: string }) {
  return { type: 'line' as const, shape: { x1, y1: y, x2, y2: y }, style: { stroke, lineWidth: 1 } };
}

function interval(lines: Line[]): CustomSeriesRenderItem {
  return (_, api) => {
    const index = Number(api.value(1));
    const line = lines[index]!;
    const stroke = seriesColor(line.kind === 'vote' ? 1 : 0);
    const at = (value: number) => api.coord([value, index])[0] ?? 0;
    const y = (api.coord([0, index])[1] ?? 0) + 9;
    const name = { x: 0, y: y - 24, text: visibleLine(line.label), fill: color('text'), fontSize: 12, ...halo };
    const stretch = { x1: at(line.lower), y1: y, x2: at(line.upper), y2: y };
    return {
      type: 'group',
      children: [
        { type: 'text' as const, style: name },
        ...(line.overSeeds === null
          ? []
          : [thinStretch(at(line.overSeeds.lower), at(line.overSeeds.upper), { y, stroke })]),
        { type: 'line' as const, shape: stretch, style: { stroke, lineWidth: 3 } },
        { type: 'circle' as const, shape: { cx: at(line.difference), cy: y, r: 5 }, style: { fill: stroke } },
        ...line.seeds.map((value) => ({
          type: 'line' as const,
          shape: { x1: at(value), y1: y - 9, x2: at(value), y2: y - 4 },
          style: { stroke: color('muted'), lineWidth: 1.5 },
        })),
      ],
    };
  };
}
