/** Accuracy over the iterations, per method and way of answering: each seed's values and their mean. */
import type { AnswerMode } from '../contract/evaluation';
import type { RunPlan } from '../contract/run';
import { accuracyOverSeeds } from '../domain/evidence/seeds-comparison';
import { mean, type MeanInterval } from '../domain/statistics';
import { type SeriesOfSeed } from './comparisons';
import type { ProofMethod } from './methods';
import { measurementAt, standingMeasurementAt } from './series';

export interface CurvePoint {
  iteration: number;
  /** Accuracies, 0..1, of the seeds that have got this far. */
  seeds: { seed: number; accuracy: number }[];
  mean: number;
  /** Over the seeds. */
  overSeeds: MeanInterval;
}

export interface Curve {
  method: ProofMethod;
  mode: AnswerMode;
  /** Such as `debate` or `vote over 9`. */
  label: string;
  callsPerProblem: number;
  points: CurvePoint[];
}

export interface CurveRequest {
  method: ProofMethod;
  mode: AnswerMode;
  seeds: readonly number[];
  /** L */
  iterations: number;
}

/** Null where nothing has been evaluated yet. Iterations at which this mode was not measured are left out. */
export function curveOf(find: SeriesOfSeed, request: CurveRequest): Curve | null {
  const { method, mode, seeds, iterations } = request;
  const [plan] = seeds.map((seed) => find(method, seed)?.record.plan).filter((known) => known !== undefined);
  const points = numbersTo(iterations).flatMap((iteration): CurvePoint[] => {
    const measured = seeds.flatMap((seed) => {
      const found = measurementAt(find(method, seed), { iteration, mode });
      return found === undefined ? [] : [{ seed, accuracy: found.result.accuracy, problems: found.result.problems }];
    });
    if (measured.length === 0) return [];
    const values = measured.map(({ accuracy }) => accuracy);
    const each = measured.map(({ seed, accuracy }) => ({ seed, accuracy }));
    return [{ iteration, seeds: each, mean: mean(values), overSeeds: accuracyOverSeeds(measured) }];
  });
  if (plan === undefined || points.length === 0) return null;
  return { method, mode, label: modeLabel(mode, plan), callsPerProblem: callsOf(find, request), points };
}

function callsOf(find: SeriesOfSeed, { method, mode, seeds }: CurveRequest): number {
  const results = seeds
    .flatMap((seed) => find(method, seed)?.measurements ?? [])
    .filter((found) => found.mode === mode);
  return Math.max(0, ...results.map(({ result }) => result.callsPerProblem));
}

function modeLabel(mode: AnswerMode, { evaluationRounds, members }: RunPlan): string {
  if (mode === 'sample') return 'one sample';
  if (mode !== 'society') return `vote over ${mode.slice('vote-'.length)}`;
  return evaluationRounds > 1 ? 'debate' : `vote over ${members}`;
}

/** The iteration (0..L) at which the mean over these seeds is highest; undefined where a curve is not complete. */
export function peakIteration(find: SeriesOfSeed, request: CurveRequest): number | undefined {
  const { method, mode, seeds, iterations } = request;
  if (seeds.length === 0) return undefined;
  const means = numbersTo(iterations).map((iteration) => {
    const measured = seeds.map(
      (seed) => standingMeasurementAt(find(method, seed), { iteration, mode })?.result.accuracy,
    );
    return measured.some((accuracy) => accuracy === undefined) ? undefined : mean(measured.map(Number));
  });
  if (means.some((value) => value === undefined)) return undefined;
  return means.map(Number).reduce((best, value, iteration, all) => (value > all[best]! ? iteration : best), 0);
}

/**
 * For each seed the peak of the *other* seeds' mean curve. The highest of several noisy values lies above its true one, so
 * a fall measured from a seed's own peak would show even where there is none. With one seed there is only its own.
 */
export function peakOfOthers(find: SeriesOfSeed, request: CurveRequest): (seed: number) => number | undefined {
  const complete = request.seeds.filter((seed) => peakIteration(find, { ...request, seeds: [seed] }) !== undefined);
  return (seed) => {
    if (!complete.includes(seed)) return undefined;
    const others = complete.filter((other) => other !== seed);
    return peakIteration(find, { ...request, seeds: others.length === 0 ? [seed] : others });
  };
}

export function numbersTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, number) => number);
}
