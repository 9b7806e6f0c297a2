/** Accuracy over the iterations with 95 % intervals; a dashed line carries the value of iteration 0 along. */
import type { EChartsOption, SeriesOption } from 'echarts';
import type { Interval } from '../../domain/statistics';
import type { Chart } from '../chart';
import { seriesColor } from '../colors';
import { axisStyle, iterationAxis, markedLine, percentLabels, titled } from './axes';
import { whiskers } from './whiskers';

export interface DrawnCurve {
  label: string;
  points: { iteration: number; accuracy: number; interval: Interval }[];
}

type Point = DrawnCurve['points'][number];

export function curvesChart({
  curves,
  iterations,
  ...texts
}: Pick<Chart, 'id' | 'description' | 'caption'> & { curves: DrawnCurve[]; iterations: number }): Chart {
  return {
    ...texts,
    legend: curves.map(({ label }, index) => ({ label, color: seriesColor(index) })),
    height: 360,
    option: ({ width }) => accuracyOption({ curves, iterations, width }),
  };
}

function accuracyOption(input: { curves: DrawnCurve[]; iterations: number; width: number }): EChartsOption {
  const { curves, iterations, width } = input;
  const everyPoint = curves.flatMap(({ points }) => points);
  const last = iterations;
  const spread = Math.max(1, last) * (width > 500 ? 0.008 : 0.014);
  const lowest = Math.min(1, ...everyPoint.map(({ interval }) => interval.lower));
  const highest = Math.max(0, ...everyPoint.map(({ interval }) => interval.upper));
  return {
    grid: { left: 8, right: 12, top: 16, bottom: 28, containLabel: true },
    xAxis: { ...iterationAxis(last, 0.04), ...titled('iteration') },
    yAxis: {
      ...axisStyle,
      type: 'value',
      min: Math.floor(lowest * 10) / 10,
      max: Math.ceil(highest * 10) / 10,
      axisLabel: percentLabels,
    },
    series: curves.flatMap((curve, index) =>
      curveSeries(curve, { color: seriesColor(index), shift: (index - (curves.length - 1) / 2) * spread, last }),
    ),
  };
}

function curveSeries({ points }: DrawnCurve, style: { color: string; shift: number; last: number }): SeriesOption[] {
  const data = withGaps(points).map((point) =>
    typeof point === 'number'
      ? ([point + style.shift, null] as const)
      : ([point.iteration + style.shift, point.accuracy] as const),
  );
  const at = points.map(({ iteration, interval }) => ({ x: iteration + style.shift, interval }));
  const untuned = points.find(({ iteration }) => iteration === 0);
  return [
    ...(untuned === undefined ? [] : [baseline(untuned.accuracy, style)]),
    whiskers(at, style.color),
    markedLine(data, { color: style.color, size: 7 }),
  ];
}

/** The points, with the bare number of an iteration in each gap of unmeasured ones, so no line crosses it. */
function withGaps(points: Point[]): (Point | number)[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1]?.iteration ?? point.iteration;
    return point.iteration - before > 1 ? [before + 1, point] : [point];
  });
}

function baseline(accuracy: number, style: { color: string; last: number }): SeriesOption {
  return {
    type: 'line',
    silent: true,
    showSymbol: false,
    data: [
      [0, accuracy],
      [style.last, accuracy],
    ],
    lineStyle: { color: style.color, width: 1, type: 'dashed', opacity: 0.7 },
    z: 1,
  };
}
