/**
 * The rows of a comparison: the methods that were asked for, and their rivals, the votes over as many samples as a
 * debate takes calls. Each row has one cell per task, with one measurement per seed.
 */
import { equalTokens } from '../contract/evaluation';
import type { TrainingCost } from '../contract/comparison';
import { addCounts, isLowerBound, noCounts } from '../domain/counts';
import { mean, type MeanInterval } from '../domain/statistics';
import { stepsThrough, trainedIn } from '../domain/evidence/claims';
import { measurementIn, votesOf, type Measurement } from '../domain/evidence/measurements';
import { accuracyOverSeeds, compareSeeds, type SeedsComparison } from '../domain/evidence/seeds-comparison';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { costPerPoint, type CostPerPoint, type RowMoney, moneyOf } from './costs';
import { callsOfDebates, untunedOriginOf, rowSources, type RowIdentity, type RowSource } from './row-sources';

export interface SeedResult {
  seed: number;
  runId: string;
  iteration: number;
  n: number;
  correct: number;
  accuracy: number;
  standardError: number;
}

/** One method on one task. */
export interface Cell {
  seeds: SeedResult[];
  /** Mean over the seeds, 0..1. */
  accuracy: number;
  /** Of the mean, over the problems of these seeds. */
  standardError: number;
  overSeeds: MeanInterval;
  n: number;
  /** Whether the answer is a vote over samples rather than a debate. */
  isVote: boolean;
  callsPerAnswer: number;
  promptTokensPerAnswer: number;
  completionTokensPerAnswer: number;
  /** Whether an endpoint did not count the tokens of some calls: both are lower bounds then, and money is unknown. */
  areTokensUnknown?: true;
  /** Mean over the seeds; null for untuned methods. */
  training: TrainingCost | null;
  /** Optimizer steps of one model over all iterations, mean over models and seeds; null for untuned methods. */
  stepsPerModel: number | null;
  /** Against the baseline on the same problems; null for the baseline itself. */
  comparison: SeedsComparison | null;
  perPoint: CostPerPoint | null;
  money: RowMoney | null;
}

export interface ComparisonRow extends RowIdentity {
  cells: Record<string, Cell | null>;
}

/** A row on one of the tasks. */
export type MeasuredRow = ComparisonRow & { cell: Cell };

/** The rows that have a measurement on a task. */
export function measuredRows(rows: ComparisonRow[], task: string): MeasuredRow[] {
  return rows.flatMap((row) => {
    const cell = row.cells[task] ?? null;
    return cell === null ? [] : [{ ...row, cell }];
  });
}

/** The compared rows: a table, and comparisons between any two of them. */
export interface ComparedRows {
  rows: ComparisonRow[];
  /** Calls per answer at which methods are called equal, those of the largest debate; null if none debates. */
  equalCalls: number | null;
  /** Compares two rows, by label, over the seeds that both have; null if they share none. */
  between(task: string, labels: [string, string]): SeedsComparison | null;
  /** Whether two rows answer by the same prompts, sampling and base model, and so differ in training only. */
  areDrawnAlike(labels: [string, string]): boolean;
}

interface Measured {
  run: ComparedArtifacts;
  measurement: Measurement;
}

export function compareRows(input: ComparisonInput): ComparedRows {
  const { tasks, baseline } = input.comparison;
  const sources = rowSources(input);
  const rival = sources.find(({ method, kind }) => kind === 'method' && method === baseline);
  const rows = sources.map(({ at, ...row }): ComparisonRow => {
    const cells = tasks.map((task) => [task, cellOf(input, { ...row, at }, { task, baseline: rival })]);
    return { ...row, cells: Object.fromEntries(cells) as ComparisonRow['cells'] };
  });
  const labelled = (label: string) => sources.find((source) => source.label === label);
  return {
    // Methods keep an empty row; votes appear only if they were drawn.
    rows: rows.filter(({ kind, cells }) => kind === 'method' || Object.values(cells).some((cell) => cell !== null)),
    equalCalls: callsOfDebates(input).at(-1) ?? null,
    between(task, labels) {
      const [first, second] = labels.map(labelled);
      if (first === undefined || second === undefined) return null;
      return compareMeasured(measured(input, first, task), measured(input, second, task));
    },
    areDrawnAlike(labels) {
      const [first, second] = labels.map((label) => {
        const source = labelled(label);
        return new Set(input.runs.filter((run) => source?.at(run) !== undefined).map(untunedOriginOf));
      });
      return first !== undefined && second !== undefined && [...first].some((origin) => second.has(origin));
    },
  };
}

function measured({ runs }: ComparisonInput, { at }: RowSource, task: string): Measured[] {
  return runs.flatMap((run) => {
    const place = run.task === task ? at(run) : undefined;
    if (place === undefined || (place.iteration === 'last' && run.standing !== 'finished')) return [];
    const evaluation = place.iteration === 0 ? run.evaluations[0] : run.evaluations.at(-1);
    const measurement = evaluation && measurementIn(evaluation, place.mode);
    return measurement ? [{ run, measurement }] : [];
  });
}

function cellOf(
  input: ComparisonInput,
  source: RowSource,
  { task, baseline }: { task: string; baseline: RowSource | undefined },
): Cell | null {
  const found = measured(input, source, task);
  const [first] = found;
  if (first === undefined) return null;
  const rivals = baseline === undefined || baseline.label === source.label ? [] : measured(input, baseline, task);
  const comparison = compareMeasured(found, rivals);
  const training = source.tuned ? meanTraining(found.map(({ run }) => run.training)) : null;
  const rivalTraining =
    baseline?.tuned && rivals.length > 0 ? meanTraining(rivals.map(({ run }) => run.training)) : null;
  const size = sizeOf(found);
  const rival = rivals.length === 0 ? null : sizeOf(rivals);
  const money = moneyOf(size, training, first.run.prices);
  return {
    seeds: found.map(seedResult),
    isVote: isVote(first),
    ...size,
    training,
    stepsPerModel: source.tuned ? stepsPerModel(found.map(({ run }) => run)) : null,
    comparison,
    money,
    perPoint: costPerPoint({
      ...{ size, rival, training, rivalTraining, comparison },
      prices: first.run.prices,
      rivalPrices: rivals[0]?.run.prices,
    }),
  };
}

/** Two rows over the seeds that both have. */
export function compareMeasured(first: Measured[], second: Measured[]): SeedsComparison | null {
  const pairs = first.flatMap(({ run, measurement }) => {
    const other = second.find((each) => each.run.seed === run.seed);
    return other === undefined ? [] : [{ seed: run.seed, first: measurement, second: other.measurement }];
  });
  return compareSeeds(pairs);
}

function seedResult({ run, measurement: { iteration, result } }: Measured): SeedResult {
  const { problems: n, correct, accuracy, standardError } = result;
  return { seed: run.seed, runId: run.runId, iteration, n, correct, accuracy, standardError };
}

function isVote({ run, measurement: { mode } }: Measured): boolean {
  if (mode !== 'society') return mode === equalTokens || votesOf(mode) !== null;
  return run.record?.specification.method.evaluateBy === 'vote';
}

function sizeOf(found: Measured[]) {
  const results = found.map(({ measurement }) => measurement.result);
  const n = results.reduce((sum, { problems }) => sum + problems, 0);
  const accuracies = results.map(({ accuracy }) => accuracy);
  const perAnswer = (part: 'promptTokens' | 'completionTokens') =>
    n === 0 ? 0 : results.reduce((sum, { counts }) => sum + counts[part], 0) / n;
  return {
    accuracy: mean(accuracies),
    standardError: Math.sqrt(results.reduce((sum, { standardError }) => sum + standardError ** 2, 0)) / results.length,
    overSeeds: accuracyOverSeeds(results),
    n,
    callsPerAnswer: Math.max(...results.map(({ callsPerProblem }) => callsPerProblem)),
    promptTokensPerAnswer: perAnswer('promptTokens'),
    completionTokensPerAnswer: perAnswer('completionTokens'),
    ...(results.some(({ counts }) => isLowerBound(counts)) ? { areTokensUnknown: true as const } : {}),
  };
}

function stepsPerModel(runs: ComparedArtifacts[]): number | null {
  const models = runs.flatMap(({ steps }) => trainedIn(steps).map((agent) => stepsThrough(steps, agent)));
  return models.length === 0 ? null : mean(models);
}

function meanTraining(costs: TrainingCost[]): TrainingCost {
  const average = (of: (cost: TrainingCost) => number) => mean(costs.map(of));
  const { withoutPromptTokens, withoutCompletionTokens } = addCounts(noCounts, ...costs.map(({ counts }) => counts));
  return {
    counts: {
      calls: average(({ counts }) => counts.calls),
      promptTokens: average(({ counts }) => counts.promptTokens),
      completionTokens: average(({ counts }) => counts.completionTokens),
      ...(withoutPromptTokens === undefined ? {} : { withoutPromptTokens }),
      ...(withoutCompletionTokens === undefined ? {} : { withoutCompletionTokens }),
    },
    tokens: average(({ tokens }) => tokens),
    examples: average(({ examples }) => examples),
    seconds: average(({ seconds }) => seconds),
  };
}
