/** The result in one sentence: the society after its last evaluated iteration against the one it started from. */
import type { ModeResult } from '../contract/evaluation';
import type { StageTiming } from '../contract/run';
import type { WeightsRecord } from '../contract/training-job';
import { isClear } from '../domain/evidence/clear';
import { compareMeasurements, findMeasurement, untunedStart } from '../domain/evidence/measurements';
import type { AnswerShape, Measurement } from '../domain/evidence/measurements';
import { sumOf, type PairedComparison } from '../domain/statistics';
import { differenceText, evidenceText } from '../pages/evidence';
import { counted, percent } from '../pages/numbers';
import { labelOf } from './result-rows';

/** Facts about the run that its accuracies do not show. */
export interface Circumstances {
  /** Whether training took place and every training set was empty. */
  isNothingTrained: boolean;
  /** Whether the provider's filter withheld or cut every response. */
  isAllFiltered: boolean;
}

export function circumstancesOf(
  iterations: readonly { weights: readonly WeightsRecord[] }[],
  timings: readonly Pick<StageTiming, 'counts'>[],
): Circumstances {
  const weights = iterations.flatMap((each) => each.weights);
  const calls = sumOf(timings, ({ counts }) => counts.calls);
  return {
    isNothingTrained: weights.length > 0 && weights.every(({ outcome }) => outcome === 'empty-training-set'),
    isAllFiltered: calls > 0 && sumOf(timings, ({ counts }) => counts.endings?.filtered ?? 0) >= calls,
  };
}

export function headlineOf(measurements: Measurement[], shape: AnswerShape, circumstances: Circumstances): string {
  const untuned = findMeasurement(measurements, { iteration: 0, mode: 'society' });
  if (untuned === undefined) return 'Nothing has been evaluated yet.';
  const tuned = measurements.filter(({ mode, iteration }) => mode === 'society' && iteration > 0).at(-1);
  const filtered = circumstances.isAllFiltered ? 'The provider’s filter withheld or cut every response. ' : '';
  if (tuned === undefined)
    return `${filtered}${labelOf(untuned, shape)}: ${rightText(untuned.result)}. ${remark(shape)}`;
  if (circumstances.isNothingTrained)
    return `${filtered}Nothing was trained: every training set was empty. The society answers ${answersText(tuned.result)}.`;
  const opening = `After ${counted(tuned.iteration, 'iteration')} of finetuning the society answers ${answersText(tuned.result)}`;
  return `${filtered}${opening}${changeText({ tuned, untuned, shape })}`;
}

function remark({ start, trains }: AnswerShape): string {
  return start === untunedStart && trains ? 'No finetuned society has been evaluated yet.' : 'Nothing was trained.';
}

/** `66.0 % of 500 evaluation problems right`, `none of 20 evaluation problems right` */
function rightText(result: ModeResult): string {
  if (result.problems === 1) return `the one evaluation problem ${result.correct === 1 ? 'right' : 'wrong'}`;
  return `${shareText(result)} right`;
}

function answersText(result: ModeResult): string {
  if (result.problems === 1) return `the one evaluation problem ${result.correct === 1 ? 'correctly' : 'wrongly'}`;
  return `${shareText(result)} correctly`;
}

function shareText({ correct, problems, accuracy }: ModeResult): string {
  if (problems > 0 && correct === 0) return `none of ${counted(problems, 'evaluation problem')}`;
  if (problems > 0 && correct === problems) return `all ${counted(problems, 'evaluation problem')}`;
  return `${percent(accuracy)} of ${counted(problems, 'evaluation problem')}`;
}

/** From the comma after the opening to the full stop. */
function changeText({ tuned, untuned, shape }: { tuned: Measurement; untuned: Measurement; shape: AnswerShape }) {
  const isUntuned = shape.start === untunedStart;
  const comparison = compareMeasurements(tuned, untuned);
  const before = percent(untuned.result.accuracy);
  if (comparison === null) return `; before, it was ${before} of other problems, so the two cannot be compared.`;
  const start = isUntuned ? 'the untuned one' : shape.start;
  if (comparison.n === 1) {
    const was = untuned.result.correct === 1 ? 'right' : 'wrong';
    return `; ${start} was ${was}. One problem shows nothing of others.`;
  }
  if (comparison.onlyFirst + comparison.onlySecond === 0) {
    const same = tuned.result.correct === 0 ? 'like' : 'the same ones as';
    return `, ${same} ${start} (${differenceText(comparison)}).`;
  }
  const evidence = isClear(comparison) ? evidenceText(comparison) : differenceText(comparison);
  return `, ${changeWords(comparison)} ${isUntuned ? 'the untuned one’s' : `${start} with`} ${before} (${evidence}).`;
}

function changeWords(comparison: PairedComparison): string {
  const size = `${Math.abs(comparison.difference * 100).toFixed(1)} points`;
  if (!isClear(comparison)) return 'no clear difference from';
  return comparison.difference > 0 ? `${size} more than` : `${size} fewer than`;
}
