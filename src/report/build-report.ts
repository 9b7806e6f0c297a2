/**
 * The report as data (`report.json`): everything the page and the terminal table show, computed once from artifacts.
 * Deterministic: no clock and no random numbers, so the same artifacts give the same bytes.
 */
import type { Prices } from '../contract/comparison';
import type { Evaluation, AnswerMode } from '../contract/evaluation';
import type { PromotionDecision } from '../contract/line';
import type { RunRecord, StageTiming } from '../contract/run';
import type { Finding } from '../contract/guard';
import { driftPoint, judgeDrift } from '../domain/collapse';
import { flipLedger, type FlipLedger } from './flip-ledger';
import { chooseFollowedProblems, followProblems, type FollowedProblem } from './followed-problems';
import {
  answerShape,
  collectMeasurements,
  compareMeasurements,
  findMeasurement,
  type Measurement,
} from '../domain/evidence/measurements';
import type { AdoptedCalls, IterationArtifacts, ReportInput, RunStatus } from './report-input';
import { reportNotices } from './report-notices';
import { callsOfSociety, resultRows, type ResultRow } from './result-rows';
import { chooseSampleDebates, type SampleDebate } from './sample-debates';
import { circumstancesOf } from './headline';
import { verdicts } from './verdicts';
import { counted, percent } from '../pages/numbers';
import { standardError, wilsonInterval, type Interval, type PairedComparison } from '../domain/statistics';

/** One measured accuracy of one iteration: a point of a curve. */
export interface AccuracyPoint {
  iteration: number;
  mode: AnswerMode;
  n: number;
  correct: number;
  accuracy: number;
  standardError: number;
  interval: Interval;
  /** Against the same mode of the untuned society; `null` at iteration 0, or if that was not measured. */
  comparison: PairedComparison | null;
}

/** The artifacts of an iteration without the per-problem results, which only the comparisons need. */
export type ReportIteration = Omit<IterationArtifacts, 'evaluation'> & { evaluation?: Omit<Evaluation, 'perProblem'> };

export interface Report {
  format: 'maft-report/1';
  run: RunRecord;
  state: RunStatus;
  headline: string;
  statements: string[];
  /** Whether its line took the society; absent before that is decided, or without a line. */
  promotion?: PromotionDecision;
  /** Why the run landed early, as a sentence; absent if it did not. */
  landed?: string;
  rows: ResultRow[];
  points: AccuracyPoint[];
  /** Calls per problem of the society's own mode; `null` before the first evaluation. */
  callsOfSociety: number | null;
  iterations: ReportIteration[];
  timings: StageTiming[];
  adopted: AdoptedCalls[];
  /** Current prices of a token; `null` if the endpoint has none. */
  prices: Prices | null;
  samples: SampleDebate[];
  /** Problems whose answer changed between iterations; `null` with fewer than two evaluations. */
  flips: FlipLedger | null;
  /** A few problems, agent by agent through all iterations; empty with fewer than two evaluations. */
  followed: FollowedProblem[];
  /** Why the run ended before its last planned iteration; absent if it did not. */
  endedEarly?: string;
  /** Signs that the run's own training makes it worse. */
  findings: Finding[];
  notices: string[];
}

export function buildReport(input: ReportInput): Report {
  const { run, state, timings } = input;
  const iterations = [...input.iterations].sort((left, right) => left.iteration - right.iteration);
  const shape = answerShape(run.plan, run.specification);
  const measurements = collectMeasurements(iterations, shape);
  const { seed } = run.specification;
  return {
    format: 'maft-report/1',
    run,
    state,
    ...(unmeasured(run, iterations) ??
      verdicts(measurements, shape, { ...circumstancesOf(iterations, timings), validation: input.validation ?? [] })),
    ...(input.promotion === undefined ? {} : { promotion: input.promotion }),
    ...(input.landed === undefined ? {} : { landed: input.landed }),
    rows: resultRows(measurements, shape, input.prices),
    points: measurements.map((measurement) => pointOf(measurement, measurements)),
    callsOfSociety: callsOfSociety(measurements),
    iterations: iterations.map(withoutPerProblem),
    timings,
    adopted: input.adopted ?? [],
    prices: input.prices ?? null,
    samples: chooseSampleDebates({
      transcripts: input.transcripts,
      iterations,
      references: input.references ?? {},
      seed,
    }),
    flips: flipLedger(iterations, { questions: input.questions ?? {}, references: input.references ?? {} }),
    followed: followProblems({
      chosen: chooseFollowedProblems(iterations, { seed, members: shape.members, rounds: shape.rounds }),
      debates: input.followed ?? [],
      iterations,
      types: input.types ?? {},
      references: input.references ?? {},
    }),
    ...(input.endedEarly === undefined ? {} : { endedEarly: input.endedEarly }),
    findings: judgeDrift(iterations.map(driftPoint)),
    notices: reportNotices({ ...input, iterations }),
  };
}

/** What stands for a result if accuracy is not known: a skipped run, or held-out problems without reference answers. */
function unmeasured(
  { plan }: RunRecord,
  iterations: readonly IterationArtifacts[],
): Pick<Report, 'headline' | 'statements'> | undefined {
  if (plan.skipped !== undefined) return { headline: `Skipped: ${plan.skipped}. Nothing was asked.`, statements: [] };
  const evaluated = iterations.flatMap(({ evaluation }) => (evaluation === undefined ? [] : [evaluation]));
  const [first, last] = [evaluated[0], evaluated.at(-1)];
  if (first === undefined || last === undefined || evaluated.some(({ modes }) => modes.length > 0)) return undefined;
  const agreed = [last, first].map(({ agreement }) => (agreement === null ? 'nothing' : percent(agreement)));
  const headline =
    `The ${counted(last.problems, 'held-out problem')} have no reference answers, so how often the society is right is ` +
    `not known; its members agree on ${agreed[0]}, at the start on ${agreed[1]}.`;
  return { headline, statements: [] };
}

function pointOf(measurement: Measurement, measurements: Measurement[]): AccuracyPoint {
  const { iteration, mode, result } = measurement;
  const successes = { correct: result.correct, n: result.problems };
  const untuned = iteration === 0 ? undefined : findMeasurement(measurements, { iteration: 0, mode });
  return {
    iteration,
    mode,
    ...successes,
    accuracy: result.accuracy,
    standardError: standardError(successes),
    interval: wilsonInterval(successes),
    comparison: untuned === undefined ? null : compareMeasurements(measurement, untuned),
  };
}

function withoutPerProblem({ evaluation, ...artifacts }: IterationArtifacts): ReportIteration {
  if (evaluation === undefined) return artifacts;
  const { perProblem: _perProblem, ...summary } = evaluation;
  return { ...artifacts, evaluation: summary };
}
