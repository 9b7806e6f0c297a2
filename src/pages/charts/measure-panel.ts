/** One measure over the iterations, with 95 % intervals: one of a grid of small charts. */
import type { SeriesOption } from 'echarts';
import type { Estimate } from '../../contract/measures';
import { axisStyle, iterationAxis, markedLine } from './axes';
import { seriesColor } from '../colors';
import type { Chart, SmallChart } from '../chart';
import { threeDigits } from '../numbers';
import { whiskers } from './whiskers';

export interface MeasureLine {
  /** Index of the series colour: the same thing has the same colour in every panel. */
  colorIndex: number;
  points: { iteration: number; estimate: Pick<Estimate, 'value' | 'interval'> }[];
}

export function measurePanel(input: {
  id: string;
  label: string;
  caption: Chart['caption'];
  lines: MeasureLine[];
  iterations: number;
  /** A scale that several panels share; absent if each has its own. */
  axis?: { min: number; max: number; format: (value: number) => string };
  /** Labels of the vertical axis if `axis` is absent. */
  format?: (value: number) => string;
}): SmallChart {
  const { id, label, caption, lines, iterations, axis, format = threeDigits } = input;
  const last = iterations;
  return {
    id: `measure-${id}`,
    description: `${label} per iteration; the values are in the table below.`,
    caption,
    legend: [],
    width: 240,
    height: 170,
    option: () => ({
      grid: { left: 4, right: 10, top: 12, bottom: 4, containLabel: true },
      xAxis: iterationAxis(last, 0.08),
      yAxis: {
        ...axisStyle,
        type: 'value',
        splitNumber: 3,
        ...(axis === undefined ? range(lines) : { min: axis.min, max: axis.max }),
        axisLabel: { ...axisStyle.axisLabel, formatter: axis?.format ?? format },
      },
      series: lines.flatMap((line, index) =>
        panelSeries(line, (index - (lines.length - 1) / 2) * Math.max(1, last) * 0.02),
      ),
    }),
  };
}

/** From 0, unless that flattens the curves. */
function range(lines: MeasureLine[]) {
  const values = lines.flatMap(({ points }) =>
    points.flatMap(({ estimate: { value, interval } }) => [value, interval?.lower ?? value, interval?.upper ?? value]),
  );
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  if (highest === 0 && lowest === 0) return { min: 0, max: 1, interval: 0.5 };
  if (highest <= 0) return { max: 0 };
  return lowest >= 0 && lowest < 0.6 * highest ? { min: 0 } : { scale: true };
}

function panelSeries({ colorIndex, points }: MeasureLine, shift: number): SeriesOption[] {
  const stroke = seriesColor(colorIndex);
  const at = points.flatMap(({ iteration, estimate: { interval } }) =>
    interval === null ? [] : [{ x: iteration + shift, interval }],
  );
  const data = points.map(({ iteration, estimate }) => [iteration + shift, estimate.value] as const);
  return [whiskers(at, stroke), markedLine(data, { color: stroke, size: 6 })];
}
