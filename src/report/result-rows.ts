/** The rows of the headline table, in the order a reader needs them. */
import { equalTokens, type AnswerMode } from '../contract/evaluation';
import type { Prices } from '../contract/comparison';
import { isLowerBound } from '../domain/counts';
import { priceOf } from '../domain/money';
import { wilsonInterval, type Interval, type PairedComparison } from '../domain/statistics';
import {
  compareMeasurements,
  findMeasurement,
  nameOfMode,
  temperatureOf,
  untunedStart,
  votesOf,
  type AnswerShape,
  type Measurement,
} from '../domain/evidence/measurements';
import { capitalised } from '../pages/numbers';

export type RowGroup = 'untuned' | 'tuned' | 'equal-calls' | 'equal-tokens';

export interface ResultRow {
  id: string;
  group: RowGroup;
  label: string;
  iteration: number;
  mode: AnswerMode;
  n: number;
  correct: number;
  accuracy: number;
  standardError: number;
  /** 95 % Wilson interval of the accuracy. */
  interval: Interval;
  callsPerProblem: number;
  /** Prompt and completion tokens; `null` if the endpoint did not report them for every call. */
  tokensPerProblem: number | null;
  /** In the currency of the endpoint's prices; `null` if it has none or tokens are unknown. Excludes training. */
  moneyPerThousandProblems: number | null;
  noAnswer: number;
  tieBroken: number;
  /** Against the untuned society's own answer; `null` for itself, or if nothing can be paired. */
  comparison: PairedComparison | null;
}

const mostSocietyRows = 10;

/** Headline rows: untuned methods, the society after its iterations, and the votes that take as many calls as it does. */
export function resultRows(measurements: Measurement[], shape: AnswerShape, prices?: Prices): ResultRow[] {
  const reference = findMeasurement(measurements, { iteration: 0, mode: 'society' });
  const last = Math.max(0, ...measurements.map(({ iteration }) => iteration));
  const rows = measurements
    .filter((measurement) => isHeadline(measurement, last) && isWanted(measurement, shape))
    .map((measurement) => rowOf(measurement, { reference, shape, prices, equalCalls: callsOfSociety(measurements) }));
  return rows.sort((left, right) => orderOf(left) - orderOf(right) || left.iteration - right.iteration);
}

/** Calls per problem of the society's own mode; `null` before the first evaluation. */
export function callsOfSociety(measurements: Measurement[]): number | null {
  return measurements.find(({ mode }) => mode === 'society')?.result.callsPerProblem ?? null;
}

export function labelOf({ iteration, mode }: { iteration: number; mode: AnswerMode }, shape: AnswerShape): string {
  if (iteration > 0) {
    const after = `after iteration ${iteration}${shape.rules === '' ? '' : ` (${shape.rules})`}`;
    return mode === 'society' ? `Society ${after}` : `${capitalised(nameOfMode(mode))} ${after}`;
  }
  if (shape.start !== untunedStart)
    return mode === 'society' ? `Society ${shape.start}` : `${capitalised(nameOfMode(mode))} of ${shape.start}`;
  if (mode === 'society') return untunedSocietyLabel(shape);
  if (mode === 'sample' || temperatureOf(mode) !== null) return `Base: ${nameOfMode(mode)}, untuned`;
  return votesOf(mode) === shape.members
    ? `Majority of ${shape.members}, untuned`
    : `${capitalised(nameOfMode(mode))}, untuned`;
}

function untunedSocietyLabel({ evaluateBy, members, samples, rounds }: AnswerShape): string {
  if (rounds > 1) return 'Debate, untuned';
  return evaluateBy === 'sample' || members === 1 ? 'Base: one sample, untuned' : `Majority of ${samples}, untuned`;
}

/** The untuned society itself is always there: every difference in the table is a difference to it. */
function isWanted({ iteration, mode }: Measurement, { baselines, members }: AnswerShape): boolean {
  if (iteration > 0 || mode === 'society') return true;
  if (mode === 'sample' || temperatureOf(mode) !== null) return baselines.includes('base');
  return mode !== `vote-${members}` || baselines.includes('majority');
}

function isHeadline({ iteration, mode }: Measurement, last: number): boolean {
  if (mode === 'society') return last <= mostSocietyRows || [0, 1, last].includes(iteration);
  return iteration === 0 || iteration === last;
}

function rowOf(
  measurement: Measurement,
  context: {
    reference: Measurement | undefined;
    shape: AnswerShape;
    prices: Prices | undefined;
    equalCalls: number | null;
  },
): ResultRow {
  const { iteration, mode, result } = measurement;
  const { reference, shape, prices, equalCalls } = context;
  const tokens = result.counts.promptTokens + result.counts.completionTokens;
  const isUnknown = isLowerBound(result.counts);
  return {
    id: `iteration-${iteration}/${mode}`,
    group: groupOf(measurement, equalCalls),
    label: labelOf(measurement, shape),
    iteration,
    mode,
    n: result.problems,
    correct: result.correct,
    accuracy: result.accuracy,
    standardError: result.standardError,
    interval: wilsonInterval({ correct: result.correct, n: result.problems }),
    callsPerProblem: result.callsPerProblem,
    tokensPerProblem: isUnknown ? null : result.problems === 0 ? 0 : tokens / result.problems,
    moneyPerThousandProblems:
      prices === undefined || result.problems === 0 || isUnknown
        ? null
        : (1000 * priceOf(result.counts, prices)) / result.problems,
    noAnswer: result.noAnswer,
    tieBroken: result.tieBroken,
    comparison:
      reference === undefined || reference === measurement ? null : compareMeasurements(measurement, reference),
  };
}

function groupOf({ iteration, mode, result }: Measurement, equalCalls: number | null): RowGroup {
  if (mode === equalTokens) return 'equal-tokens';
  if (votesOf(mode) !== null && result.callsPerProblem === equalCalls) return 'equal-calls';
  return iteration === 0 ? 'untuned' : 'tuned';
}

export const groupOrder: readonly RowGroup[] = ['untuned', 'tuned', 'equal-calls', 'equal-tokens'];

/** Groups in order; untuned methods from cheap to dear, tuned ones with the society's own answer first. */
function orderOf({ group, mode, callsPerProblem, iteration }: ResultRow): number {
  const withinGroup =
    mode === equalTokens
      ? 0
      : iteration === 0
        ? Math.min(callsPerProblem, 1e6)
        : mode === 'society'
          ? 0
          : 1 + (votesOf(mode) ?? 0);
  return groupOrder.indexOf(group) * 1e9 + withinGroup;
}
