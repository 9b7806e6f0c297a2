/** Horizontal bars, each a stack of parts that add up to a whole: selection outcomes per agent, seconds per stage. */
import { axisStyle, titled } from './axes';
import type { Chart } from '../chart';
import { shortened, visibleLine } from '../../visible-text';

export interface StackPart {
  label: string;
  color: string;
  /** One value per bar. */
  values: number[];
}

const barHeight = 26;
/** Room for bar names, cut by characters: echarts guesses text widths without a browser, and too narrowly for some fonts. */
const pixelsPerCharacter = 7.4;
const mostNameCharacters = 16;

export function stackedBars(input: {
  id: string;
  description: string;
  caption: string;
  bars: string[];
  parts: StackPart[];
  unit: string;
}): Chart {
  const { id, description, caption, bars, parts, unit } = input;
  const names = bars.map((bar) => shortened(visibleLine(bar), mostNameCharacters).text);
  const namePixels = pixelsPerCharacter * Math.max(1, ...names.map((name) => name.length));
  return {
    id,
    description,
    caption,
    legend: parts.map(({ label, color }) => ({ label, color })),
    height: bars.length * barHeight + 56,
    option: ({ width }) => ({
      grid: { left: namePixels + 12, right: 20, top: 8, bottom: 48 },
      xAxis: {
        ...axisStyle,
        type: 'value',
        ...titled(unit),
        splitNumber: width > 500 ? 6 : 3,
      },
      yAxis: {
        ...axisStyle,
        type: 'category',
        inverse: true,
        data: names,
        splitLine: { show: false },
      },
      series: parts.map(({ label, color, values }) => ({
        type: 'bar' as const,
        name: visibleLine(label),
        stack: 'all',
        silent: true,
        barWidth: barHeight - 10,
        data: values,
        itemStyle: { color },
      })),
    }),
  };
}
