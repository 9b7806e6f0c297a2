/** Accuracy per iteration with 95 % intervals; a dashed line carries each method's untuned value along. */
import { equalTokens, type AnswerMode } from '../../contract/evaluation';
import { nameOfMode, temperatureOf, votesOf } from '../../domain/evidence/measurements';
import type { Chart } from '../../pages/chart';
import { curvesChart, type DrawnCurve } from '../../pages/charts/curves';
import { capitalised } from '../../pages/numbers';
import type { AccuracyPoint } from '../build-report';

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
