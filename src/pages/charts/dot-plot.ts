/** One line per method: a point with its intervals, over the problems and over the seeds, and each seed's own value. */
import type { CustomSeriesRenderItem, EChartsOption } from 'echarts';
import type { Interval } from '../../domain/statistics';
import type { Chart } from '../chart';
import { axisStyle } from './axes';
import { color, seriesColor } from '../colors';
import { visibleLine } from '../../visible-text';

export interface DotLine {
  label: string;
  kind: 'method' | 'vote' | 'further';
  value: number;
  /** 95 %, over the problems. */
  interval: Interval;
  /** 95 %, over the seeds; null with fewer than three. */
  overSeeds: Interval | null;
  /** Each seed's own value, if there are several. */
  seeds: number[];
}

export interface DotPlot {
  /** Unique on the page. */
  id: string;
  /** What the values are, for those who do not see the plot: every line's value with its interval is added. */
  description: string;
  /** How a value and its interval are written there. */
  texts: { value: (value: number) => string; interval: (interval: Interval) => string };
  /** What the points are; what the marks mean is added. */
  caption: string;
  lines: DotLine[];
  /** What values can be; the axis shows the part that is used. */
  bounds: Interval;
  axisLabel: (value: number) => string;
  /** Whether the axis includes 0 (no difference), marked by a line. */
  zeroLine: boolean;
}

/** A name stands above its interval: beside it there is no room on a phone. */
const lineHeight = 44;

/** Null if there are no lines. */
export function dotPlot(plot: DotPlot): Chart | null {
  const { id, lines, texts } = plot;
  if (lines.length === 0) return null;
  const values = lines.map(
    ({ label, value, interval }) => `${label} ${texts.value(value)} (${texts.interval(interval)})`,
  );
  return {
    id,
    description: `${plot.description}: ${values.join('; ')}`,
    caption: `${plot.caption}, with 95 % intervals over the problems${marks(lines)}.`,
    legend: [
      { label: 'methods', color: seriesColor(0) },
      ...(lines.some(({ kind }) => kind !== 'method') ? [{ label: besides(lines), color: seriesColor(1) }] : []),
    ],
    height: 40 + lineHeight * lines.length,
    option: ({ width }) => plotOption(plot, width),
  };
}

function marks(lines: DotLine[]): string {
  const seeds = lines.some((line) => line.seeds.length > 0) ? '; small marks are single seeds' : '';
  return lines.some(({ overSeeds }) => overSeeds !== null) ? ` (thick) and over the seeds (thin)${seeds}` : seeds;
}

function plotOption({ lines, bounds, axisLabel, zeroLine }: DotPlot, width: number): EChartsOption {
  const shown = lines.flatMap(({ interval, overSeeds, seeds }) => [
    ...[interval.lower, interval.upper, ...seeds],
    ...(overSeeds === null ? [] : [overSeeds.lower, overSeeds.upper]),
    ...(zeroLine ? [0] : []),
  ]);
  // Whole twentieths: a multiple of 0.05 may be inexact, and echarts refuses that.
  const perUnit = 20;
  return {
    grid: { left: 24, right: 24, top: 4, bottom: 28 },
    xAxis: {
      ...axisStyle,
      type: 'value',
      min: Math.max(bounds.lower, Math.floor(Math.min(...shown) * perUnit) / perUnit),
      max: Math.min(bounds.upper, Math.ceil(Math.max(...shown) * perUnit) / perUnit),
      splitNumber: width > 500 ? 6 : 3,
      axisLabel: { ...axisStyle.axisLabel, formatter: axisLabel },
    },
    yAxis: { type: 'category', inverse: true, data: lines.map((_, index) => String(index)), show: false },
    series: [
      ...(zeroLine ? [{ type: 'custom' as const, silent: true, renderItem: verticalLine, data: [[0, 0]], z: 1 }] : []),
      { type: 'custom', silent: true, renderItem: dots(lines), data: lines.map((_, index) => [0, index]), z: 2 },
    ],
  };
}

const verticalLine: CustomSeriesRenderItem = ({ coordSys }, api) => {
  const { y = 0, height = 0 } = coordSys as unknown as { y?: number; height?: number };
  const [x = 0] = api.coord([0, 0]);
  return {
    type: 'line',
    shape: { x1: x, y1: y, x2: x, y2: y + height },
    style: { stroke: color('muted'), lineWidth: 1 },
  };
};

function besides(lines: DotLine[]): string {
  return lines.some(({ kind }) => kind === 'further') ? 'votes and single calls' : 'votes';
}

/** Keeps lines from running through a name. */
const halo = { stroke: color('surface'), lineWidth: 4 };

function stretch(x1: number, x2: number, { y, ...style }: { y: number; stroke: string; lineWidth: number }) {
  return { type: 'line' as const, shape: { x1, y1: y, x2, y2: y }, style };
}

function dots(lines: DotLine[]): CustomSeriesRenderItem {
  return (_, api) => {
    const index = Number(api.value(1));
    const line = lines[index]!;
    const stroke = seriesColor(line.kind === 'method' ? 0 : 1);
    const at = (value: number) => api.coord([value, index])[0] ?? 0;
    const across = ({ lower, upper }: Interval, lineWidth: number) =>
      stretch(at(lower), at(upper), { y, stroke, lineWidth });
    const y = (api.coord([0, index])[1] ?? 0) + 9;
    const name = { x: 0, y: y - 24, text: visibleLine(line.label), fill: color('text'), fontSize: 12, ...halo };
    return {
      type: 'group',
      children: [
        { type: 'text' as const, style: name },
        ...(line.overSeeds === null ? [] : [across(line.overSeeds, 1)]),
        across(line.interval, 3),
        { type: 'circle' as const, shape: { cx: at(line.value), cy: y, r: 5 }, style: { fill: stroke } },
        ...line.seeds.map((value) => ({
          type: 'line' as const,
          shape: { x1: at(value), y1: y - 9, x2: at(value), y2: y - 4 },
          style: { stroke: color('muted'), lineWidth: 1.5 },
        })),
      ],
    };
  };
}
