/**
 * The rows of a comparison: the methods that were asked for, and the votes over as many samples as a debate takes calls,
 * which a debate has to beat. Each row has one cell per task, with one measurement per seed.
 */
import type { ComparisonRecord, Reading, TrainingCost } from '../contract/comparison';
import type { AnswerMode } from '../contract/evaluation';
import { untunedDrawing } from '../domain/readings';
import { tInterval, type MeanInterval } from '../domain/statistics';
import { measurementIn, votesOf, type Measurement } from '../report/measurements';
import { compareSeeds, mean, type SeedsComparison } from '../report/seeds-comparison';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { costPerPoint, type CostPerPoint, type RowMoney, moneyOf } from './costs';

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
  /** Whether the answer is a vote over samples, no debate. */
  isVote: boolean;
  callsPerAnswer: number;
  promptTokensPerAnswer: number;
  completionTokensPerAnswer: number;
  /** Mean over the seeds; null for untuned methods. */
  training: TrainingCost | null;
  /** Against the baseline on the same problems; null for the baseline itself. */
  comparison: SeedsComparison | null;
  perPoint: CostPerPoint | null;
  money: RowMoney | null;
}

export interface ComparisonRow {
  label: string;
  /** The method it belongs to; `untuned` for a vote that no method of the comparison names. */
  method: string;
  /** `vote` rows were not asked for: they are what a debate is held against at equal calls. */
  kind: 'method' | 'vote';
  tuned: boolean;
  cells: Record<string, Cell | null>;
}

interface RowSource extends Omit<ComparisonRow, 'cells'> {
  at: (run: ComparedArtifacts) => { mode: AnswerMode; iteration: 'last' | 0 } | undefined;
}

interface Measured {
  run: ComparedArtifacts;
  measurement: Measurement;
}

/** Calls per answer of the largest debate among the methods; null where none debates. */
export function callsOfDebate(input: ComparisonInput): number | null {
  return callsOfDebates(input).at(-1) ?? null;
}

/** Of every size of debate that a finished run has measured, the smallest first. */
function callsOfDebates({ runs }: ComparisonInput): number[] {
  const calls = runs.filter(({ standing }) => standing === 'finished').flatMap((run) => debateCallsOf(run) ?? []);
  return [...new Set(calls)].sort((left, right) => left - right);
}

/** Undefined where the run's society does not debate. */
function debateCallsOf({ record, evaluations }: ComparedArtifacts): number | undefined {
  const last = evaluations.at(-1);
  if (record === undefined || last === undefined || record.plan.evaluationRounds === 1) return undefined;
  return measurementIn(last, 'society')?.result.callsPerProblem;
}

export function comparisonRows(input: ComparisonInput): ComparisonRow[] {
  const { comparison } = input;
  const sources = sourcesOf(input);
  const baseline = sources.find(({ method, kind }) => kind === 'method' && method === comparison.baseline);
  return sources
    .map(({ at, ...row }): ComparisonRow => {
      const cells = comparison.tasks.map((task) => [task, cellOf(input, { ...row, at }, { task, baseline })]);
      return { ...row, cells: Object.fromEntries(cells) as ComparisonRow['cells'] };
    })
    .filter(({ kind, cells }) => kind === 'method' || Object.values(cells).some((cell) => cell !== null));
}

function readingsOf({ groups }: Pick<ComparisonRecord, 'groups'>, runId: string): Reading[] {
  return groups.flatMap(({ readings }) => readings).filter((reading) => reading.runId === runId);
}

function methodSource(
  comparison: ComparisonInput['comparison'],
  { name, tuned }: ComparisonRecord['methods'][number],
): RowSource {
  return {
    label: name,
    method: name,
    kind: 'method',
    tuned,
    at: ({ runId }) => {
      const reading = readingsOf(comparison, runId).find(({ method }) => method === name);
      return reading && { mode: reading.mode, iteration: 'last' };
    },
  };
}

/**
 * Votes over as many samples as debates take calls: of the untuned model for every size of debate, and of each tuned
 * method's agents for its own size and for the largest.
 */
function voteSources(input: ComparisonInput): RowSource[] {
  const sizes = callsOfDebates(input);
  const tuned = input.comparison.methods.filter((method) => method.tuned);
  return [
    ...sizes.flatMap((calls) => untunedVotes(input, calls)),
    ...tuned.flatMap(({ name }) => {
      const own = runsOf(input, name).flatMap((run) => debateCallsOf(run) ?? []);
      return sizes
        .filter((calls, index) => index === sizes.length - 1 || own.includes(calls))
        .map((calls) => tunedVote(input, name, calls));
    }),
  ];
}

function runsOf({ comparison, runs }: ComparisonInput, name: string): ComparedArtifacts[] {
  return runs.filter(({ runId }) => readingsOf(comparison, runId).some(({ method }) => method === name));
}

function tunedVote(input: ComparisonInput, name: string, calls: number): RowSource {
  const own = new Set(runsOf(input, name).map(({ runId }) => runId));
  return {
    label: `${name}, vote over ${calls}`,
    method: name,
    kind: 'vote',
    tuned: true,
    at: ({ runId }) => (own.has(runId) ? { mode: `vote-${calls}`, iteration: 'last' } : undefined),
  };
}

/**
 * One row for each way in which the untuned model is asked (methods may differ in prompts, sampling and base model), unless
 * a method of the comparison is that vote. Each group's first run that drew so many samples stands for all alike.
 */
function untunedVotes({ comparison, runs }: ComparisonInput, calls: number): RowSource[] {
  const mode: AnswerMode = `vote-${calls}`;
  const drew = runs.filter(
    (run) => startsUntuned(run) && run.evaluations[0]?.modes.some((measured) => measured.mode === mode),
  );
  const drawings = [...new Set(drew.map(drawingOf))];
  return drawings.flatMap((drawing): RowSource[] => {
    const hosts = drew.filter((run) => drawingOf(run) === drawing);
    const first = new Set(
      comparison.groups.map(({ task, seed }) => hosts.find((run) => run.task === task && run.seed === seed)?.runId),
    );
    const isNamed = comparison.groups.every(({ readings }) =>
      readings.some((reading) => reading.mode === mode && hosts.some(({ runId }) => runId === reading.runId)),
    );
    if (isNamed) return [];
    const [reading] = readingsOf(comparison, hosts[0]?.runId ?? '');
    const as = drawings.length === 1 ? '' : ` as “${reading?.method ?? ''}”`;
    return [
      {
        label: `untuned${as}, vote over ${calls}`,
        method: 'untuned',
        kind: 'vote',
        tuned: false,
        at: ({ runId }) => (first.has(runId) ? { mode, iteration: 0 } : undefined),
      },
    ];
  });
}

/** Whether iteration 0 of the run is the base model: one that starts from a society measures that. */
function startsUntuned({ record }: ComparedArtifacts): boolean {
  return record !== undefined && record.specification.model.society === undefined;
}

function drawingOf({ record }: ComparedArtifacts): string {
  return record === undefined ? '' : untunedDrawing(record.specification);
}

/** Whether two rows answer by the same prompts, sampling and base model: then only what was trained is between them. */
export function isDrawnAlike(input: ComparisonInput, labels: [string, string]): boolean {
  const [first, second] = labels.map((label) => {
    const source = sourcesOf(input).find((each) => each.label === label);
    return new Set(input.runs.filter((run) => source?.at(run) !== undefined).map(drawingOf));
  });
  return first !== undefined && second !== undefined && [...first].some((drawing) => second.has(drawing));
}

/** Every sentence about two rows needs them; of thousands of runs they are found once. */
const knownSources = new WeakMap<ComparisonInput, RowSource[]>();

function sourcesOf(input: ComparisonInput): RowSource[] {
  const { comparison } = input;
  const sources = knownSources.get(input) ?? [
    ...comparison.methods.map((method) => methodSource(comparison, method)),
    ...voteSources(input),
  ];
  knownSources.set(input, sources);
  return sources;
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

/** Any two rows of a table, paired; for the sentences. */
export function compareRows(input: ComparisonInput, task: string, labels: [string, string]): SeedsComparison | null {
  const sources = sourcesOf(input);
  const [first, second] = labels.map((label) => sources.find((source) => source.label === label));
  if (first === undefined || second === undefined) return null;
  return compareMeasured(measured(input, first, task), measured(input, second, task));
}

function seedResult({ run, measurement: { iteration, result } }: Measured): SeedResult {
  const { problems: n, correct, accuracy, standardError } = result;
  return { seed: run.seed, runId: run.runId, iteration, n, correct, accuracy, standardError };
}

function isVote({ run, measurement: { mode } }: Measured): boolean {
  if (mode !== 'society') return votesOf(mode) !== null;
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
    overSeeds: tInterval(accuracies),
    n,
    callsPerAnswer: Math.max(...results.map(({ callsPerProblem }) => callsPerProblem)),
    promptTokensPerAnswer: perAnswer('promptTokens'),
    completionTokensPerAnswer: perAnswer('completionTokens'),
  };
}

function meanTraining(costs: TrainingCost[]): TrainingCost {
  const average = (of: (cost: TrainingCost) => number) => mean(costs.map(of));
  return {
    counts: {
      calls: average(({ counts }) => counts.calls),
      promptTokens: average(({ counts }) => counts.promptTokens),
      completionTokens: average(({ counts }) => counts.completionTokens),
    },
    tokens: average(({ tokens }) => tokens),
    examples: average(({ examples }) => examples),
    seconds: average(({ seconds }) => seconds),
  };
}
