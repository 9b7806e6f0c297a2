/** The paper's Figure 1 for these runs: each method's mean curve over the seeds, the seeds' own behind it. */
import type { SeriesOption } from 'echarts';
import type { Chart } from '../report/chart-renderer';
import { axisStyle, percentLabels, titled } from '../report/charts/axes';
import { seriesColor } from '../report/colors';
import type { Curve } from './curves';
import { methodLabels, proofMethods } from './methods';

export function curvesChart(input: { id: string; title: string; curves: Curve[]; iterations: number }): Chart {
  const { id, title, curves, iterations } = input;
  const values = curves.flatMap(({ points }) => points.flatMap(({ seeds }) => seeds.map(({ accuracy }) => accuracy)));
  return {
    id,
    description: `${title}: accuracy after each iteration for ${curves.map(nameOf).join(', ')}; the values are in the table below.`,
    caption: `${title}. Thick: mean over the seeds; thin: each seed. Iteration 0 is the untuned model.`,
    legend: curves.map((curve) => ({ label: nameOf(curve), color: colorOf(curve) })),
    height: 340,
    option: () => ({
      grid: { left: 8, right: 12, top: 16, bottom: 28, containLabel: true },
      xAxis: {
        ...axisStyle,
        type: 'value',
        ...titled('iteration'),
        min: 0,
        max: iterations,
        interval: 1,
        splitLine: { show: false },
      },
      yAxis: {
        ...axisStyle,
        type: 'value',
        min: Math.floor(Math.min(1, ...values) * 20) / 20,
        max: Math.ceil(Math.max(0, ...values) * 20) / 20,
        axisLabel: percentLabels,
      },
      series: curves.flatMap(curveLines),
    }),
  };
}

function curveLines(curve: Curve): SeriesOption[] {
  const seeds = [...new Set(curve.points.flatMap((point) => point.seeds.map(({ seed }) => seed)))];
  const thin = seeds.map((seed) => {
    const data = curve.points.flatMap(({ iteration, seeds: each }) =>
      each.filter((value) => value.seed === seed).map(({ accuracy }) => [iteration, accuracy]),
    );
    return line(curve, { data, width: 1, opacity: 0.35, showSymbol: false });
  });
  const data = curve.points.map(({ iteration, mean }) => [iteration, mean]);
  return [...(seeds.length > 1 ? thin : []), line(curve, { data, width: 2.5, opacity: 1, showSymbol: true })];
}

function line(
  curve: Curve,
  style: { data: number[][]; width: number; opacity: number; showSymbol: boolean },
): SeriesOption {
  const { data, width, opacity, showSymbol } = style;
  const stroke = colorOf(curve);
  return {
    type: 'line',
    silent: true,
    symbol: 'circle',
    symbolSize: 6,
    showSymbol,
    data,
    lineStyle: { color: stroke, width, opacity },
    itemStyle: { color: stroke },
  };
}

function nameOf({ method, label }: Curve): string {
  return `${methodLabels[method]}, ${label}`;
}

/** The same method has the same colour in every chart. */
function colorOf({ method }: Curve): string {
  return seriesColor(proofMethods.indexOf(method));
}
