/** Training loss of one agent, one line per iteration: one of a grid of small charts with a common scale. */
import type { WeightsRecord } from '../../contract/training-job';
import { axisStyle } from '../../pages/charts/axes';
import { threeDigits } from '../../pages/numbers';
import type { Chart } from '../../pages/chart';

type LossCurve = { step: number; loss: number }[];

export interface LossScale {
  steps: number;
  loss: number;
}

const mostPoints = 150;

/** The scale all agents share, so that their curves can be compared by eye. */
export function lossScale(records: WeightsRecord[]): LossScale {
  const points = records.flatMap(({ training }) => training?.lossCurve ?? []);
  return {
    steps: points.reduce((most, { step }) => Math.max(most, step), 1),
    loss: points.reduce((most, { loss }) => (Number.isFinite(loss) ? Math.max(most, loss) : most), 0) || 1,
  };
}

export function lossChart(input: {
  agent: string;
  records: WeightsRecord[];
  scale: LossScale;
  /** By iteration. */
  colors: ReadonlyMap<number, string>;
}): Chart & { width: number } {
  const { agent, records, scale, colors } = input;
  const examples = records.map(({ training }) => training?.examples ?? 0).join(', ');
  return {
    id: `loss-${agent.replace(/[^A-Za-z0-9-]/g, '-')}`,
    description: `Training loss of ${agent} over ${scale.steps} steps at most; first and last values are in the table below.`,
    caption: `${agent} (n = ${examples})`,
    legend: [],
    width: 240,
    height: 150,
    option: () => ({
      grid: { left: 4, right: 10, top: 10, bottom: 4, containLabel: true },
      xAxis: {
        ...axisStyle,
        type: 'value',
        min: 0,
        max: roundedUp(scale.steps),
        interval: roundedUp(scale.steps) / 2,
        splitLine: { show: false },
      },
      yAxis: {
        ...axisStyle,
        type: 'value',
        min: 0,
        max: roundedUp(scale.loss),
        interval: roundedUp(scale.loss) / 2,
        axisLabel: { ...axisStyle.axisLabel, formatter: threeDigits },
      },
      series: records.map(({ iteration, training }) => ({
        type: 'line' as const,
        silent: true,
        showSymbol: false,
        data: thinned(training?.lossCurve ?? []).map(({ step, loss }) => [step, loss]),
        lineStyle: { color: colors.get(iteration), width: 1.5 },
      })),
    }),
  };
}

/** At most `mostPoints` points, each the mean of the steps it stands for: what a screen can show. */
function thinned(curve: LossCurve): LossCurve {
  const size = Math.ceil(curve.length / mostPoints);
  if (size <= 1) return curve;
  return Array.from({ length: Math.ceil(curve.length / size) }, (_, index) => {
    const part = curve.slice(index * size, (index + 1) * size);
    return { step: part.at(-1)?.step ?? 0, loss: part.reduce((sum, { loss }) => sum + loss, 0) / part.length };
  });
}

/** The next round number, so that the axis ends on a label, and so does its middle. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor =
    [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((candidate) => value <= candidate * power * (1 + 1e-9)) ?? 10;
  return factor * power;
}
