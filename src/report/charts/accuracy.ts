/** Accuracy per iteration with 95 % intervals; a dashed line carries each method's untuned value along. */
import { equalTokens, type AnswerMode } from '../../contract/evaluation';
import { nameOfMode, temperatureOf, votesOf } from '../../domain/evidence/measurements';
import type { Chart } from '../../pages/chart';
import { curvesChart, type DrawnCurve } from '../../pages/charts/curves';
import { capitalised } from '../../pages/numbers';
import type { AccuracyPoint } from '../build-report';
import { axisStyle, percentLabels, titled } from '../../pages/charts/axes';
import { color, seriesColor } from '../../pages/colors';

export interface Curve extends DrawnCurve {
  mode: AnswerMode;
  points: AccuracyPoint[];
}

/** One curve per answer mode, the society's own first, then by calls. */
export function accuracyCurves(points: AccuracyPoint[], societyLabel: string): Curve[] {
  const order = (mode: AnswerMode) => (mode === 'society' ? 0 : mode === equalTokens ? Infinity : (votesOf(mode) ?? 1));
  // Single calls at other temperatures stay in the table: a curve each would hide the others.
  const drawn = points.map(({ mode }) => mode).filter((mode) => temperatureOf(mode) === null);
  const modes = [...new Set(drawn)].sort((left, right) => order(left) - order(right));
  return modes.map((mode) => ({
    mode,
    label: mode === 'society' ? societyLabel : capitalised(nameOfMode(mode)),
    points: points.filter((point) => point.mode === mode),
  }));
}

/** @param start What iteration 0 is, such as `the untuned society`. */
export function accuracyChart(curves: Curve[], iterations: number, start: string): Chart {
  const everyPoint = curves.flatMap(({ points }) => points);
  const problems = [...new Set(everyPoint.map(({ n }) => n))].join(', ');
  return curvesChart({
    id: 'accuracy',
    description: `Accuracy per iteration for ${curves.map(({ label }) => label).join(', ')}; the values are in the table below.`,
    caption: `Accuracy on the evaluation problems after each iteration (n = ${problems}), with 95 % Wilson intervals. Iteration 0 is ${start}; dashed lines carry its values along as baselines.`,
    curves,
    iterations,
  });
}

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
