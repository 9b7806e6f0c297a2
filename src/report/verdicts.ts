/** The result in plain words: what improved by how much, or that it did not, and who wins at equal calls. */
import type { PairedComparison } from '../domain/statistics';
import { isClear } from '../domain/evidence/clear';
import { bestIteration } from '../domain/stopping';
import { compareMeasurements, findMeasurement, untunedStart } from '../domain/evidence/measurements';
import type { AnswerShape, Measurement } from '../domain/evidence/measurements';
import { count, counted, percent, points, pointsInterval, pValue } from './numbers';
import { callsOfSociety, labelOf } from './result-rows';

export interface Verdicts {
  /** One sentence: the society after its last evaluated iteration against the untuned one. */
  headline: string;
  /** Further sentences: one call, equal calls. */
  statements: string[];
}

/** @param validation Accuracy on the validation split of iterations 0, 1, …; empty without one. */
export function verdicts(
  measurements: Measurement[],
  shape: AnswerShape,
  validation: readonly number[] = [],
): Verdicts {
  const statements = [
    bestStatement(measurements, validation),
    oneCallStatement(measurements, shape),
    ...equalCallStatements(measurements, shape),
  ];
  return { headline: headlineOf(measurements, shape), statements: statements.filter((text) => text !== null) };
}

/** `+10.2 points, 95 % interval +6.2 to +14.1, McNemar p < 0.001, n = 500` */
export function differenceText(comparison: PairedComparison): string {
  return `${points(comparison.difference)} points, ${evidenceText(comparison)}`;
}

function evidenceText({ interval, pValue: p, n }: PairedComparison): string {
  return `95\u00a0% interval ${pointsInterval(interval)}, McNemar ${pValue(p)}, n\u00a0=\u00a0${count(n)}`;
}

function headlineOf(measurements: Measurement[], shape: AnswerShape): string {
  const untuned = findMeasurement(measurements, { iteration: 0, mode: 'society' });
  if (untuned === undefined) return 'Nothing has been evaluated yet.';
  const tuned = measurements.filter(({ mode, iteration }) => mode === 'society' && iteration > 0).at(-1);
  const problems = counted(untuned.result.problems, 'evaluation problem');
  const before = percent(untuned.result.accuracy);
  if (tuned === undefined) {
    const remark =
      shape.start === untunedStart && shape.trains
        ? 'No finetuned society has been evaluated yet.'
        : 'Nothing was trained.';
    return `${labelOf(untuned, shape)}: ${before} of ${problems} right. ${remark}`;
  }
  const opening = `After ${counted(tuned.iteration, 'iteration')} of finetuning the society answers ${percent(tuned.result.accuracy)} of ${counted(tuned.result.problems, 'evaluation problem')} correctly`;
  const comparison = compareMeasurements(tuned, untuned);
  if (comparison === null)
    return `${opening}; before, it was ${before} of other problems, so the two cannot be compared.`;
  const evidence = isClear(comparison) ? evidenceText(comparison) : differenceText(comparison);
  return `${opening}, ${changeWords(comparison)} ${shape.start === untunedStart ? 'the untuned one’s' : `${shape.start} with`} ${before} (${evidence}).`;
}

function changeWords(comparison: PairedComparison): string {
  const size = `${Math.abs(comparison.difference * 100).toFixed(1)} points`;
  if (!isClear(comparison)) return 'no clear difference from';
  return comparison.difference > 0 ? `${size} more than` : `${size} fewer than`;
}

/** Which iteration to take: by the validation split, or, said as such, with hindsight on the evaluation problems. */
function bestStatement(measurements: Measurement[], validation: readonly number[]): string | null {
  const society = measurements.filter(({ mode }) => mode === 'society');
  const last = society.at(-1)?.iteration ?? 0;
  if (last === 0) return null;
  const validated = bestIteration(validation);
  if (validated !== undefined) {
    return `Best on the validation split: iteration ${validated} with ${percent(validation[validated]!)}; the last is iteration ${last}.`;
  }
  const best = society[bestIteration(society.map(({ result }) => result.accuracy)) ?? 0]!;
  if (best.iteration === last) return null;
  return (
    `Highest on the evaluation problems: iteration ${best.iteration} with ${percent(best.result.accuracy)}, not the last, ${last}. ` +
    'That is hindsight; `stopWhen: plateau` chooses by a validation split.'
  );
}

/** What finetuning is worth where one call must do. */
function oneCallStatement(measurements: Measurement[], { start }: AnswerShape): string | null {
  const samples = measurements.filter(({ result }) => result.callsPerProblem === 1);
  const untuned = samples.find(({ iteration }) => iteration === 0);
  const tuned = samples.filter(({ iteration }) => iteration > 0).at(-1);
  if (untuned === undefined || tuned === undefined || tuned.mode === 'society') return null;
  const comparison = compareMeasurements(tuned, untuned);
  if (comparison === null) return null;
  return `With one call per problem: ${percent(untuned.result.accuracy)} ${start === untunedStart ? 'untuned' : `of ${start}`}, ${percent(tuned.result.accuracy)} after iteration ${tuned.iteration} (${differenceText(comparison)}).`;
}

function equalCallStatements(measurements: Measurement[], shape: AnswerShape): string[] {
  const calls = callsOfSociety(measurements);
  if (calls === null || calls === 1) return [];
  const rivals = atEqualCalls(measurements, calls);
  const untuned = rivals.filter(({ iteration }) => iteration === 0);
  const tuned = rivals.filter(({ iteration }) => iteration > 0);
  if (!rivals.some(({ mode }) => mode !== 'society'))
    return [`No other method was measured at ${calls} calls per problem.`];
  const pairs = [
    // What everybody asks first: is the finetuned society better than asking the untuned model as often and voting?
    pairOf([...votesAmong(untuned), ...tuned.filter(({ mode }) => mode === 'society')]),
    pairOf(untuned),
    pairOf(tuned),
    pairOf(votesAmong(rivals)),
  ];
  const best = bestTwo(rivals);
  const direct = pairs
    .filter((pair) => pair !== null)
    .filter((pair) => !best?.every((measurement) => pair.includes(measurement)))
    .map(([first, second]) => againstSentence({ first, second, shape }));
  return [best && winnerSentence(best, { shape, calls }), ...direct].filter((text) => text !== null);
}

function votesAmong(rivals: Measurement[]): Measurement[] {
  return rivals.filter(({ mode }) => mode !== 'society');
}

/** The most accurate, then the next; null where there is only one. */
function bestTwo(rivals: Measurement[]): MeasurementPair | null {
  const [winner, second] = [...rivals].sort((left, right) => right.result.accuracy - left.result.accuracy);
  return winner === undefined || second === undefined ? null : [winner, second];
}

/** The untuned and the last evaluated society, in every mode that takes `calls` calls. */
function atEqualCalls(measurements: Measurement[], calls: number): Measurement[] {
  const last = Math.max(0, ...measurements.map(({ iteration }) => iteration));
  return measurements.filter(
    ({ iteration, result }) => result.callsPerProblem === calls && (iteration === 0 || iteration === last),
  );
}

function winnerSentence([winner, second]: MeasurementPair, context: { shape: AnswerShape; calls: number }): string {
  const comparison = compareMeasurements(winner, second);
  const uncounted = winner.iteration > 0 || second.iteration > 0 ? ', training not counted' : '';
  const opening = `At equal calls (${context.calls} per problem${uncounted}) the most accurate is “${labelOf(winner, context.shape)}” with ${percent(winner.result.accuracy)}`;
  const next = `“${labelOf(second, context.shape)}” with ${percent(second.result.accuracy)}`;
  if (comparison === null) return `${opening}; next is ${next}.`;
  const clearly = isClear(comparison) ? 'clearly ahead of' : 'not clearly ahead of';
  return `${opening}, ${clearly} ${next} (${differenceText(comparison)}).`;
}

type MeasurementPair = [Measurement, Measurement];

/** Where exactly two stand against each other: the later iteration, then the vote, named first. */
function pairOf(rivals: Measurement[]): MeasurementPair | null {
  const [first, second, ...others] = rivals;
  if (first === undefined || second === undefined || others.length > 0) return null;
  if (first.iteration !== second.iteration)
    return first.iteration > second.iteration ? [first, second] : [second, first];
  return first.mode === 'society' ? [second, first] : [first, second];
}

function againstSentence({ first, second, shape }: { first: Measurement; second: Measurement; shape: AnswerShape }) {
  const comparison = compareMeasurements(first, second);
  if (comparison === null) return null;
  const better = comparison.difference >= 0 ? 'beats' : 'loses to';
  const verb = isClear(comparison) ? better : 'shows no clear difference from';
  return `“${labelOf(first, shape)}” ${verb} “${labelOf(second, shape)}” (${differenceText(comparison)}).`;
}
