/** Accuracy over the iterations: one way of answering, with several run seeds. */
import { iterationsTo } from '../identifiers';
import { mean, wilsonInterval, type Interval, type MeanInterval } from '../statistics';
import type { Measurement } from './measurements';
import { accuracyOverSeeds } from './seeds-comparison';

/** One way of answering in one run. */
export interface SeedCurve {
  seed: number;
  /** L, as planned. */
  iterations: number;
  /** The iteration that the run ended with: before L if `stopWhen` or `guard` ended it; undefined while it goes on. */
  endedAt: number | undefined;
  /** By iteration; some ways are not measured after every iteration. */
  measured: ReadonlyMap<number, Measurement>;
}

export interface CurvePoint {
  iteration: number;
  /** Accuracies, 0..1, of the seeds that have got this far. */
  seeds: { seed: number; accuracy: number }[];
  /** Mean over the seeds, 0..1. */
  accuracy: number;
  overSeeds: MeanInterval;
  /** Problems of these seeds together, and Wilson's 95 % interval over them. */
  n: number;
  interval: Interval;
}

/** If a run ended early, its last society stands for the iterations that it did not reach. */
export function measurementAfter(
  { iterations, endedAt, measured }: SeedCurve,
  iteration: number | 'last',
): Measurement | undefined {
  const wanted = iteration === 'last' ? iterations : iteration;
  return measured.get(Math.min(wanted, endedAt ?? wanted));
}

/** Only what was measured: a run that ended early has no points after its end. */
export function curvePoints(curves: readonly SeedCurve[]): CurvePoint[] {
  const last = Math.max(0, ...curves.map(({ iterations }) => iterations));
  return iterationsTo(last).flatMap((iteration): CurvePoint[] => {
    const found = curves.flatMap(({ seed, measured }) => {
      const result = measured.get(iteration)?.result;
      return result === undefined ? [] : [{ seed, ...result }];
    });
    if (found.length === 0) return [];
    const n = found.reduce((sum, { problems }) => sum + problems, 0);
    const correct = found.reduce((sum, each) => sum + each.correct, 0);
    return [
      {
        iteration,
        seeds: found.map(({ seed, accuracy }) => ({ seed, accuracy })),
        accuracy: mean(found.map(({ accuracy }) => accuracy)),
        overSeeds: accuracyOverSeeds(found),
        n,
        interval: wilsonInterval({ correct, n }),
      },
    ];
  });
}

/** The iteration (0..L) at which the mean over these curves is highest; undefined if one of them is not complete. */
export function peakIteration(curves: readonly SeedCurve[]): number | undefined {
  const [first] = curves;
  if (first === undefined) return undefined;
  const accuracies = iterationsTo(first.iterations).map((iteration) =>
    curves.map((curve) => measurementAfter(curve, iteration)?.result.accuracy),
  );
  if (accuracies.flat().includes(undefined)) return undefined;
  const means = accuracies.map((values) => mean(values.map(Number)));
  return means.reduce((best, value, iteration) => (value > means[best]! ? iteration : best), 0);
}

/**
 * For each seed the peak of the *other* seeds' mean curve. The highest of several noisy values lies above its true one,
 * so a fall measured from a seed's own peak would show even if there is none. With one seed there is only its own.
 */
export function peakOfOthers(curves: readonly SeedCurve[]): (seed: number) => number | undefined {
  const complete = completeCurves(curves);
  return (seed) => {
    if (!complete.some((curve) => curve.seed === seed)) return undefined;
    const others = complete.filter((curve) => curve.seed !== seed);
    return peakIteration(others.length === 0 ? complete : others);
  };
}

export function completeCurves(curves: readonly SeedCurve[]): SeedCurve[] {
  return curves.filter((curve) => peakIteration([curve]) !== undefined);
}
