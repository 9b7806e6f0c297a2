/**
 * What the guard judges by: signs of collapse, which are signs in the measures that a run's own training makes it worse.
 * Pure; what a finding leads to (`guard`) is decided elsewhere. Each rule compares an iteration with an earlier one of the
 * same run, so a task or base model that is odd from the start triggers nothing.
 */
import type { Evaluation } from '../contract/evaluation';
import type { DriftPoint, Finding, FindingKind } from '../contract/guard';
import type { Measures } from '../contract/measures';
import type { SelectionReport } from '../contract/training';
import { reaches } from './statistics';

const driftThresholds = {
  /** Agreement must have risen by this share since the best earlier iteration. */
  agreementRise: 0.02,
  /** Accuracy must have fallen by this share since then, or by the larger one if agreement has not risen, */
  accuracyFall: 0.03,
  accuracyFallAlone: 0.05,
  /** and by this many standard errors of the difference, taken as if the problems were not the same: cautious. */
  accuracyFallErrors: 2,
  /** Mean tokens of last-round responses, relative to the untuned society's. */
  lengthening: 1.5,
  shortening: 0.4,
  /** Rise, since the untuned society, of the share of responses cut at the token limit. */
  truncatedRise: 0.15,
  /** Share of responses that are one text, and its rise since the untuned society. */
  commonestText: 0.3,
  commonestTextRise: 0.2,
  /** Fall, since the untuned society, of the share of responses with an answer. */
  parsedFall: 0.2,
  /** A training set is nearly empty below this many examples, or below this share of the training problems. */
  fewestExamples: 8,
  smallestTrainingShare: 0.01,
} as const;

/** Findings of all iterations, in their order. */
export function judgeDrift(points: readonly DriftPoint[]): Finding[] {
  const ordered = [...points].sort((left, right) => left.iteration - right.iteration);
  return ordered.flatMap((point, index) => [
    ...fallenAccuracy(point, ordered.slice(0, index)),
    ...changedResponses(point, ordered[0]),
    ...nearlyEmptyTraining(point),
  ]);
}

/** From an iteration's artifacts; accuracy is the society's own. */
export function driftPoint(artifacts: {
  iteration: number;
  evaluation?: Pick<Evaluation, 'modes' | 'agreement'>;
  measures?: Pick<Measures, 'responses'>;
  selection?: SelectionReport;
}): DriftPoint {
  const { iteration, evaluation, measures, selection } = artifacts;
  const society = evaluation?.modes.find(({ mode }) => mode === 'society');
  const last = measures?.responses.last;
  return {
    iteration,
    accuracy: society && { value: society.accuracy, standardError: society.standardError },
    agreement: evaluation?.agreement ?? undefined,
    responses: last?.kind === 'measured' ? { ...last, meanTokens: last.meanTokens.value } : undefined,
    training: selection && { problems: selection.problems, agents: selection.agents },
  };
}

/**
 * The consensus is right less often than at the best earlier iteration. If members agree more at the same time, the
 * vote confirms itself, and a smaller fall is enough.
 */
function fallenAccuracy(point: DriftPoint, before: readonly DriftPoint[]): Finding[] {
  const { iteration, accuracy, agreement } = point;
  const best = before
    .filter((each) => each.accuracy !== undefined)
    .reduce<DriftPoint | undefined>((most, each) => (most && valueOf(most) >= valueOf(each) ? most : each), undefined);
  if (accuracy === undefined || best?.accuracy === undefined) return [];
  const { agreementRise, accuracyFall, accuracyFallAlone, accuracyFallErrors } = driftThresholds;
  const fall = best.accuracy.value - accuracy.value;
  const error = Math.hypot(best.accuracy.standardError, accuracy.standardError);
  if (!reaches(fall, Math.max(accuracyFall, accuracyFallErrors * error))) return [];
  const rightLess = `right less often (${percent(best.accuracy.value)} to ${percent(accuracy.value)}) than at iteration ${best.iteration}`;
  if (agreement !== undefined && best.agreement !== undefined && reaches(agreement - best.agreement, agreementRise)) {
    const agreeMore = `agree more (${percent(best.agreement)} to ${percent(agreement)})`;
    const message = `at iteration ${iteration} the members ${agreeMore} but their consensus is ${rightLess}`;
    return [{ kind: 'agreement-without-accuracy', iteration, message }];
  }
  if (!reaches(fall, accuracyFallAlone)) return [];
  return [{ kind: 'accuracy-falls', iteration, message: `at iteration ${iteration} the consensus is ${rightLess}` }];
}

function valueOf({ accuracy }: DriftPoint): number {
  return accuracy?.value ?? -1;
}

/** The rules on the shape of responses, compared with the first iteration on record. */
function changedResponses({ iteration, responses }: DriftPoint, first: DriftPoint | undefined): Finding[] {
  const untuned = first?.responses;
  if (responses === undefined || untuned === undefined || first?.iteration === iteration) return [];
  const limits = driftThresholds;
  const since = (before: number, now: number, show: (value: number) => string) =>
    `at iteration ${iteration}: ${show(now)}, against ${show(before)} at iteration ${first?.iteration}`;
  // Not every endpoint says how many tokens it wrote.
  const isCounted = untuned.meanTokens > 0 && responses.meanTokens > 0;
  const findings: [FindingKind, boolean, string][] = [
    [
      'responses-lengthen',
      isCounted && responses.meanTokens >= limits.lengthening * untuned.meanTokens,
      `responses have become much longer ${since(untuned.meanTokens, responses.meanTokens, tokens)}`,
    ],
    [
      'responses-shrink',
      isCounted && responses.meanTokens <= limits.shortening * untuned.meanTokens,
      `responses have become much shorter ${since(untuned.meanTokens, responses.meanTokens, tokens)}`,
    ],
    [
      'responses-cut',
      reaches(responses.truncatedShare - untuned.truncatedShare, limits.truncatedRise),
      `more responses are cut at the token limit ${since(untuned.truncatedShare, responses.truncatedShare, percent)}`,
    ],
    [
      'responses-alike',
      responses.commonestTextShare >= limits.commonestText &&
        reaches(responses.commonestTextShare - untuned.commonestTextShare, limits.commonestTextRise),
      `many responses are one text, whatever was asked, ${since(untuned.commonestTextShare, responses.commonestTextShare, percent)}`,
    ],
    [
      'answers-lost',
      reaches(untuned.parsedShare - responses.parsedShare, limits.parsedFall),
      `fewer responses hold an answer ${since(untuned.parsedShare, responses.parsedShare, percent)}`,
    ],
  ];
  return findings.filter(([, holds]) => holds).map(([kind, , message]) => ({ kind, iteration, message }));
}

function nearlyEmptyTraining({ iteration, training }: DriftPoint): Finding[] {
  if (training === undefined) return [];
  const { fewestExamples, smallestTrainingShare } = driftThresholds;
  // A run with few problems has few examples; that alone is no sign of collapse.
  const fewest = Math.max(smallestTrainingShare * training.problems, Math.min(fewestExamples, training.problems / 4));
  const starved = training.agents.filter(({ examples }) => examples < fewest);
  if (starved.length === 0) return [];
  const areAllEmpty = training.agents.every(({ examples }) => examples === 0);
  if (areAllEmpty) {
    const message = `at iteration ${iteration} every training set is empty; ${training.problems} problems were debated`;
    return [{ kind: 'training-set-nearly-empty', iteration, message }];
  }
  const named = starved.map(({ agent, examples }) => `${agent} (${examples})`).join(', ');
  const message = `at iteration ${iteration} training sets are nearly empty, of ${training.problems} problems: ${named}`;
  return [{ kind: 'training-set-nearly-empty', iteration, message }];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function tokens(value: number): string {
  return `${value.toFixed(1)} tokens`;
}
