/** Agreement against accuracy: the path a society takes over its iterations. */
import { axisStyle, percentLabels, titled } from '../../pages/charts/axes';
import { color, seriesColor } from '../../pages/colors';
import type { Chart } from '../../pages/chart';

export interface PathPoint {
  iteration: number;
  agreement: number;
  accuracy: number;
}

export function agreementAccuracyChart(points: PathPoint[], n: number): Chart {
  // The labels stand above their points: one at the top of the scale would leave the drawing.
  const room = { splitNumber: 4 };
  const axis = { ...room, ...axisStyle, type: 'value' as const, nameLocation: 'middle' as const };
  return {
    id: 'agreement-accuracy',
    description: `Agreement against accuracy at iterations ${points.map(({ iteration }) => iteration).join(', ')}; the values are in the tables.`,
    caption: `Each point is an evaluated iteration (n = ${n}). To the right and up: they agree more and are right more often. To the right without up: they have become more alike, not better.`,
    legend: [],
    height: 280,
    option: () => ({
      grid: { left: 24, right: 32, top: 20, bottom: 28, containLabel: true },
      xAxis: {
        ...axis,
        ...atLeastTwentyPoints(points.map(({ agreement }) => agreement)),
        ...titled('agreement (lower is more diverse)'),
        axisLabel: percentLabels,
      },
      yAxis: {
        ...axis,
        ...atLeastTwentyPoints(points.map(({ accuracy }) => accuracy)),
        name: 'accuracy of the society',
        nameGap: 46,
        axisLabel: percentLabels,
      },
      series: [
        {
          type: 'line',
          silent: true,
          symbol: 'circle',
          symbolSize: 9,
          data: points.map(({ agreement, accuracy, iteration }) => ({
            value: [agreement, accuracy],
            label: { show: true, formatter: String(iteration), position: 'top' as const, color: color('text') },
          })),
          lineStyle: { color: seriesColor(0), width: 1.5, type: 'dashed' },
          itemStyle: { color: seriesColor(0) },
        },
      ],
    }),
  };
}

/** Bounds on whole tenths, at least two of them apart: on a narrower scale noise looks like a path. */
function atLeastTwentyPoints(shares: number[]): { min: number; max: number } {
  const lowest = Math.floor(Math.min(...shares) * 10);
  const highest = Math.max(lowest + 2, Math.ceil(Math.max(...shares) * 10));
  const shift = Math.max(0, highest - 10);
  return { min: Math.max(0, lowest - shift) / 10, max: (highest - shift) / 10 };
}
