/** The result in plain words: what improved by how much, or that nothing did, and who wins at equal calls. */
import { equalTokens, type AnswerMode } from '../contract/evaluation';
import { bestIteration } from '../domain/stopping';
import { compareMeasurements, findMeasurement, temperatureOf, untunedStart } from '../domain/evidence/measurements';
import type { AnswerShape, Measurement } from '../domain/evidence/measurements';
import { headlineOf, type Circumstances } from './headline';
import { againstSentence, differenceText, winnerText, type Contender } from '../pages/evidence';
import { percent } from '../pages/numbers';
import { callsOfSociety, labelOf } from './result-rows';

export interface Verdicts {
  /** One sentence: the society after its last evaluated iteration against the untuned one. */
  headline: string;
  /** Further sentences: one call, equal calls. */
  statements: string[];
}

/** @param told Validation: accuracy on the validation split of iterations 0, 1, …; empty without one. */
export function verdicts(
  measurements: Measurement[],
  shape: AnswerShape,
  told: Circumstances & { validation: readonly number[] },
): Verdicts {
  const headline = headlineOf(measurements, shape, told);
  // One problem says nothing about others, whichever method answers it.
  if (measurements.every(({ result }) => result.problems <= 1)) return { headline, statements: [] };
  // If nothing was trained, a later iteration repeats the first with other draws.
  const shown = told.isNothingTrained ? measurements.filter(({ iteration }) => iteration === 0) : measurements;
  const statements = [
    bestStatement(shown, told.isNothingTrained ? [] : told.validation),
    oneCallStatement(shown, shape),
    ...equalCallStatements(shown, shape),
    ...equalTokenStatements(shown, shape),
  ];
  return { headline, statements: statements.filter((text) => text !== null) };
}

/** Which iteration to take: by the validation split or, stated as such, with hindsight on the evaluation problems. */
function bestStatement(measurements: Measurement[], validation: readonly number[]): string | null {
  const society = measurements.filter(({ mode }) => mode === 'society');
  const last = society.at(-1)?.iteration ?? 0;
  if (last === 0) return null;
  const validated = bestIteration(validation);
  if (validated !== undefined) {
    if (Math.min(...validation) === validation[validated])
      return `Every iteration has ${percent(validation[validated])} on the validation split: none is best.`;
    return `Best on the validation split: iteration ${validated} with ${percent(validation[validated]!)}; the last is iteration ${last}.`;
  }
  const best = society[bestIteration(society.map(({ result }) => result.accuracy)) ?? 0]!;
  if (best.iteration === last || best.result.accuracy === society.at(-1)!.result.accuracy) return null;
  return (
    `Highest on the evaluation problems: iteration ${best.iteration} with ${percent(best.result.accuracy)}, not the last, ${last}. ` +
    'That is hindsight; `stopWhen: plateau` chooses by a validation split.'
  );
}

/** What finetuning is worth if there is only one call. */
function oneCallStatement(measurements: Measurement[], { start }: AnswerShape): string | null {
  const samples = measurements.filter(
    ({ mode, result }) => result.callsPerProblem === 1 && temperatureOf(mode) === null,
  );
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
    // The first question of most readers: does the finetuned society beat a vote over as many untuned samples?
    pairOf([...votesAmong(untuned), ...tuned.filter(({ mode }) => mode === 'society')]),
    pairOf(untuned),
    pairOf(tuned),
    pairOf(votesAmong(rivals)),
  ];
  if (rivals.every(({ result }) => result.correct === 0))
    return [`At equal calls (${calls} per problem) no method answers any problem correctly.`];
  const best = bestTwo(rivals);
  const direct = pairs
    .filter((pair) => pair !== null)
    .filter((pair) => !best?.every((measurement) => pair.includes(measurement)))
    .map((pair) => against(pair, shape));
  return [best && winnerSentence(best, { shape, calls }), ...direct].filter((text) => text !== null);
}

/** The untuned and the last debate against the votes that cost as many tokens, not only as many calls. */
function equalTokenStatements(measurements: Measurement[], shape: AnswerShape): string[] {
  const last = Math.max(0, ...measurements.map(({ iteration }) => iteration));
  const at = (iteration: number, mode: AnswerMode) => findMeasurement(measurements, { iteration, mode });
  const pairs = [
    [at(last, 'society'), at(0, equalTokens)],
    ...(last === 0 ? [] : [[at(last, 'society'), at(last, equalTokens)]]),
  ];
  return pairs.flatMap(([first, second]) => {
    if (first === undefined || second === undefined) return [];
    return against([first, second], shape) ?? [];
  });
}

function votesAmong(rivals: Measurement[]): Measurement[] {
  return rivals.filter(({ mode }) => mode !== 'society');
}

/** The most accurate, then the next; null if there is only one. */
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

function winnerSentence(pair: MeasurementPair, { shape, calls }: { shape: AnswerShape; calls: number }): string {
  const uncounted = pair.some(({ iteration }) => iteration > 0) ? ', training not counted' : '';
  const contender = (measurement: Measurement): Contender => ({
    name: `“${labelOf(measurement, shape)}”`,
    accuracy: measurement.result.accuracy,
  });
  const [first, second] = pair;
  const winner = winnerText([contender(first), contender(second)], compareMeasurements(first, second));
  return `At equal calls (${calls} per problem${uncounted}) ${winner}.`;
}

type MeasurementPair = [Measurement, Measurement];

/** If there are exactly two rivals, names the later iteration first, then the vote. */
function pairOf(rivals: Measurement[]): MeasurementPair | null {
  const [first, second, ...others] = rivals;
  if (first === undefined || second === undefined || others.length > 0) return null;
  if (first.iteration !== second.iteration)
    return first.iteration > second.iteration ? [first, second] : [second, first];
  return first.mode === 'society' ? [second, first] : [first, second];
}

function against([first, second]: MeasurementPair, shape: AnswerShape): string | null {
  const comparison = compareMeasurements(first, second);
  return comparison && againstSentence([labelOf(first, shape), labelOf(second, shape)], comparison);
}
