/** Accuracy over the iterations: each tuned method as it answers, by one sample, and by votes at equal calls. */
import type { ClaimedMethod } from '../contract/claims';
import type { AnswerMode } from '../contract/evaluation';
import { curvePoints, type CurvePoint, type SeedCurve } from '../domain/evidence/curves';
import { measurementIn, nameOfMode } from '../domain/evidence/measurements';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { callsOfDebates, methodLabel, readingOf } from './row-sources';

/** All methods, answering in the same way. */
export interface ComparedCurves {
  /** `as it answers`, `one sample`, `vote over 9` */
  way: string;
  curves: { label: string; callsPerAnswer: number; points: CurvePoint[] }[];
}

/** Empty if no method has more than one iteration: the table shows both points. */
export function curvesOf(input: ComparisonInput, task: string): ComparedCurves[] {
  const methods = input.comparison.methods.filter(({ tuned, trainOn = task }) => tuned && trainOn === task);
  const votes = callsOfDebates(input).map((calls): Exclude<AnswerMode, 'society'> => `vote-${calls}`);
  const ways = [undefined, 'sample' as const, ...votes];
  const all = ways.map((answering) => ({
    way: answering === undefined ? 'as it answers' : nameOfMode(answering),
    curves: methods.flatMap(({ name }) => {
      const found = seedCurves(input, task, { method: name, answering });
      const points = curvePoints(found);
      if (points.length < 2) return [];
      return [{ label: methodLabel(input, name), callsPerAnswer: callsOf(found), points }];
    }),
  }));
  return lastIteration(all.flatMap(({ curves }) => curves)) < 2 ? [] : all.filter(({ curves }) => curves.length > 0);
}

/** The last iteration with a measurement of any of them. */
export function lastIteration(curves: ComparedCurves['curves']): number {
  return Math.max(0, ...curves.map(({ points }) => points.at(-1)?.iteration ?? 0));
}

/** One way of answering of one method in the runs of one task, a curve for each seed whose run has begun. */
export function seedCurves(
  { comparison, runs }: ComparisonInput,
  task: string,
  { method, answering }: Partial<Pick<ClaimedMethod, 'answering'>> & Pick<ClaimedMethod, 'method'>,
): SeedCurve[] {
  return runs.flatMap((run): SeedCurve[] => {
    const reading = run.task === task ? readingOf(comparison, run, method) : undefined;
    if (reading === undefined || run.record === undefined) return [];
    const measured = run.evaluations.flatMap((evaluation) => {
      const found = measurementIn(evaluation, answering ?? reading.mode);
      return found === undefined ? [] : [[evaluation.iteration, found] as const];
    });
    const { iterations } = run.record.plan;
    return [{ seed: run.seed, iterations, endedAt: endOf(run), measured: new Map(measured) }];
  });
}

/** The last iteration of a finished run. */
export function endOf({ standing, evaluations }: ComparedArtifacts): number | undefined {
  return standing === 'finished' ? evaluations.at(-1)?.iteration : undefined;
}

function callsOf(curves: SeedCurve[]): number {
  const results = curves.flatMap(({ measured }) => [...measured.values()]);
  return Math.max(0, ...results.map(({ result }) => result.callsPerProblem));
}
