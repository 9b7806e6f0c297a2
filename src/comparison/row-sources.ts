/** Where the rows of a comparison come from: which runs a row reads, and which of their measurements. */
import type { ComparisonRecord, Reading } from '../contract/comparison';
import { equalTokens, type AnswerMode } from '../contract/evaluation';
import { untunedOrigin } from '../domain/readings';
import { namedRules } from '../domain/named-rules';
import { measurementIn, nameOfMode, temperatureOf, votesOf } from '../domain/evidence/measurements';
import type { ComparedArtifacts, ComparisonInput } from './gather';

/** Who answers in a row. */
export interface RowIdentity {
  label: string;
  /** The method it belongs to; `untuned` for a vote that no method of the comparison names. */
  method: string;
  /**
   * Rows other than methods were not asked for: `vote` rows are the rivals of a debate at equal calls; `further` ones
   * are the vote at equal tokens and single calls at other temperatures.
   */
  kind: 'method' | 'vote' | 'further';
  tuned: boolean;
}

export interface RowSource extends RowIdentity {
  /** Returns the row's mode and iteration in a run, or undefined if the run belongs to another row. */
  at: (run: ComparedArtifacts) => { mode: AnswerMode; iteration: 'last' | 0 } | undefined;
}

/** Every row that a comparison can have: its methods as they were asked for, then the votes. */
export function rowSources(input: ComparisonInput): RowSource[] {
  const { comparison } = input;
  return [
    ...comparison.methods.map((method) => methodSource(input, method)),
    ...voteSources(input),
    ...furtherModes(input).flatMap((mode) => [
      ...untunedRows(input, mode),
      ...comparison.methods.filter(({ tuned }) => tuned).map(({ name }) => tunedRow(input, name, mode)),
    ]),
  ];
}

/**
 * A method's name, and the rules that are named beside its results: a method that saw reference answers is not comparable
 * with those that saw none.
 */
export function methodLabel(input: ComparisonInput, name: string): string {
  const isTuned = input.comparison.methods.some((method) => method.name === name && method.tuned);
  if (!isTuned) return name;
  const [rules] = runsOf(input, name).flatMap(({ record }) =>
    record === undefined ? [] : namedRules(record.specification) || [],
  );
  return rules === undefined ? name : `${name} (${rules})`;
}

/** How to read a method off a run; undefined if the run belongs to other methods. */
export function readingOf(
  { groups }: Pick<ComparisonRecord, 'groups'>,
  { runId }: Pick<ComparedArtifacts, 'runId'>,
  name: string,
): Reading | undefined {
  return readingsOf({ groups }, runId).find(({ method }) => method === name);
}

/** Calls per answer of every size of debate that finished runs have measured, the smallest first. */
export function callsOfDebates({ runs }: ComparisonInput): number[] {
  const calls = runs.filter(({ standing }) => standing === 'finished').flatMap((run) => debateCallsOf(run) ?? []);
  return [...new Set(calls)].sort((left, right) => left - right);
}

/** Undefined if the run's society does not debate. */
function debateCallsOf({ record, evaluations }: ComparedArtifacts): number | undefined {
  const last = evaluations.at(-1);
  if (record === undefined || last === undefined || record.plan.evaluationRounds === 1) return undefined;
  return measurementIn(last, 'society')?.result.callsPerProblem;
}

function readingsOf({ groups }: Pick<ComparisonRecord, 'groups'>, runId: string): Reading[] {
  return groups.flatMap(({ readings }) => readings).filter((reading) => reading.runId === runId);
}

function methodSource(input: ComparisonInput, { name, tuned }: ComparisonRecord['methods'][number]): RowSource {
  return {
    label: methodLabel(input, name),
    method: name,
    kind: 'method',
    tuned,
    at: (run) => {
      const reading = readingOf(input.comparison, run, name);
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
    ...sizes.flatMap((calls) => untunedRows(input, `vote-${calls}`)),
    ...tuned.flatMap(({ name }) => {
      const own = runsOf(input, name).flatMap((run) => debateCallsOf(run) ?? []);
      return sizes
        .filter((calls, index) => index === sizes.length - 1 || own.includes(calls))
        .map((calls) => tunedRow(input, name, `vote-${calls}`));
    }),
  ];
}

/** Further ways of answering that finished runs have measured: equal tokens first, then by temperature. */
function furtherModes({ runs }: ComparisonInput): BesideMode[] {
  const finished = runs.filter(({ standing }) => standing === 'finished');
  const modes = finished.flatMap(({ evaluations }) =>
    evaluations.flatMap((each) => each.modes.map(({ mode }) => mode)),
  );
  const further = [...new Set(modes)].filter((mode) => mode === equalTokens || temperatureOf(mode) !== null);
  return (further as BesideMode[]).sort((left, right) => (temperatureOf(left) ?? -1) - (temperatureOf(right) ?? -1));
}

type BesideMode = Exclude<AnswerMode, 'society'>;

function kindOf(mode: BesideMode): RowIdentity['kind'] {
  return votesOf(mode) === null ? 'further' : 'vote';
}

function runsOf({ comparison, runs }: ComparisonInput, name: string): ComparedArtifacts[] {
  return runs.filter((run) => readingOf(comparison, run, name) !== undefined);
}

function tunedRow(input: ComparisonInput, name: string, mode: BesideMode): RowSource {
  const own = new Set(runsOf(input, name).map(({ runId }) => runId));
  return {
    label: `${methodLabel(input, name)}, ${nameOfMode(mode)}`,
    method: name,
    kind: kindOf(mode),
    tuned: true,
    at: ({ runId }) => (own.has(runId) ? { mode, iteration: 'last' } : undefined),
  };
}

/**
 * One row for each way of asking the untuned model (methods may differ in prompts, sampling and base model), unless a
 * method of the comparison is that vote. In each group, the first run that asked so represents all like it.
 */
function untunedRows({ comparison, runs }: ComparisonInput, mode: BesideMode): RowSource[] {
  const drew = runs.filter(
    (run) => startsUntuned(run) && run.evaluations[0]?.modes.some((measured) => measured.mode === mode),
  );
  const origins = [...new Set(drew.map(untunedOriginOf))];
  return origins.flatMap((origin): RowSource[] => {
    const hosts = drew.filter((run) => untunedOriginOf(run) === origin);
    const first = new Set(
      comparison.groups.map(({ task, seed }) => hosts.find((run) => run.task === task && run.seed === seed)?.runId),
    );
    const isNamed = comparison.groups.every(({ readings }) =>
      readings.some((reading) => reading.mode === mode && hosts.some(({ runId }) => runId === reading.runId)),
    );
    if (isNamed) return [];
    const [reading] = readingsOf(comparison, hosts[0]?.runId ?? '');
    const as = origins.length === 1 ? '' : ` as “${reading?.method ?? ''}”`;
    return [
      {
        label: `untuned${as}, ${nameOfMode(mode)}`,
        method: 'untuned',
        kind: kindOf(mode),
        tuned: false,
        at: ({ runId }) => (first.has(runId) ? { mode, iteration: 0 } : undefined),
      },
    ];
  });
}

/** Whether iteration 0 of the run is the base model; a run that starts from a society measures that society instead. */
function startsUntuned({ record }: ComparedArtifacts): boolean {
  return record !== undefined && record.specification.model.society === undefined;
}

/** Identifies how a run's untuned model is asked: its prompts, sampling and base model, as one text. */
export function untunedOriginOf({ record }: ComparedArtifacts): string {
  return record === undefined ? '' : untunedOrigin(record.specification);
}
