/** Axes as the charts share them. */
import type { LineSeriesOption } from 'echarts';
import { color } from '../colors';

/** Axis lines, labels and grid lines in the page's colours. */
export const axisStyle = {
  axisLine: { show: true, lineStyle: { color: color('line') } },
  axisTick: { show: false },
  axisLabel: { color: color('muted'), fontSize: 12 },
  nameTextStyle: { color: color('muted'), fontSize: 12 },
  splitLine: { lineStyle: { color: color('line'), opacity: 0.6 } },
};

/** What a horizontal axis shows, in the middle below it. */
export function titled(name: string) {
  return { name, nameLocation: 'middle' as const, nameGap: 28 };
}

/** Labels of shares 0..1, as whole percents. */
export const percentLabels = {
  ...axisStyle.axisLabel,
  formatter: (value: number) => `${Math.round(value * 100)} %`,
};

/** Iterations 0 to `last`, with a margin (a share of the axis) at both ends so that no marker is cut off. */
export function iterationAxis(last: number, margin: number) {
  return {
    ...axisStyle,
    type: 'value' as const,
    // One iteration alone stands in the middle.
    min: last === 0 ? -1 : -last * margin,
    max: last === 0 ? 1 : last * (1 + margin),
    minInterval: 1,
    splitLine: { show: false },
    axisLabel: {
      ...axisStyle.axisLabel,
      formatter: (value: number) => (Number.isInteger(value) && value >= 0 && value <= last ? String(value) : ''),
    },
  };
}

/** A line through points, each marked; a `null` interrupts it. */
export function markedLine(
  data: (readonly [number | string, number | null])[],
  style: { color: string; size: number; dashed?: boolean },
): LineSeriesOption {
  return {
    type: 'line',
    silent: true,
    symbol: 'circle',
    symbolSize: style.size,
    data: data.map(([x, y]) => [x, y]),
    lineStyle: { color: style.color, width: 2, type: style.dashed ? 'dashed' : 'solid' },
    itemStyle: { color: style.color, borderColor: color('surface'), borderWidth: 1 },
    z: 3,
  };
}
