/** A few shares per iteration as lines: agreement, wrong consensus. */
import { axisStyle, markedLine, percentLabels, titled } from './axes';
import { seriesColor } from '../colors';
import type { Chart } from '../chart';

export interface ShareLine {
  label: string;
  /** Index of the series colour, so that the same thing has the same colour in every chart. */
  colorIndex: number;
  points: { iteration: number; share: number }[];
  dashed?: boolean;
}

export function shareChart(input: {
  id: string;
  description: string;
  caption: string;
  lines: ShareLine[];
  iterations: number;
}): Chart {
  const { id, description, caption, lines } = input;
  return {
    id,
    description,
    caption,
    legend: lines.map(({ label, colorIndex, dashed }) => ({ label, color: seriesColor(colorIndex), dashed })),
    height: 240,
    option: () => ({
      grid: { left: 8, right: 12, top: 16, bottom: 28, containLabel: true },
      xAxis: {
        ...axisStyle,
        type: 'category',
        ...titled('iteration'),
        data: iterationNames(lines),
      },
      yAxis: {
        ...axisStyle,
        type: 'value',
        min: 0,
        max: ({ max }: { max: number }) => Math.max(0.1, Math.ceil(max * 10) / 10),
        axisLabel: percentLabels,
      },
      series: lines.map(({ points, colorIndex, dashed }) =>
        markedLine(
          points.map(({ iteration, share }) => [String(iteration), share]),
          { color: seriesColor(colorIndex), size: 7, dashed },
        ),
      ),
    }),
  };
}

function iterationNames(lines: ShareLine[]): string[] {
  const iterations = new Set(lines.flatMap(({ points }) => points.map(({ iteration }) => iteration)));
  return [...iterations].sort((left, right) => left - right).map(String);
}
