/**
 * Which runs a comparison needs on one task with one seed: one for all untuned methods that can be read from it, one
 * for every tuned method (methods with equal specifications share one). Each reuses the answers of the runs before it.
 */
import type { ComparedRun, ComparisonGroup, Reading } from '../../contract/comparison';
import type { RunSpecification } from '../../contract/specification';
import { runIdOf } from '../../domain/digests';
import { equalCalls } from '../../domain/plan';
import { byDebateSize, isUntuned, readingIn } from '../../domain/readings';
import { merge, valueAt, type PlainObject } from '../plain-objects';
import { resolveSpecification, specificationDigest } from '../resolve';
import { startingFrom } from './teachers';
import { transferredSettings } from './transfers';

export interface DerivedMethod {
  name: string;
  raw: PlainObject;
  specification: RunSpecification;
  /** The task that it is trained on, if that is not this column's. */
  trainOn?: string;
  /** The method whose society it learns from. */
  teacher?: string;
}

/** One column of the table: all methods on one task. */
export interface Column {
  task: string;
  methods: DerivedMethod[];
}

interface GroupPlace {
  comparisonId: string;
  /** Undefined if the comparison has one task, which its runs' ids then omit. */
  task: string | undefined;
  seed: number;
}

/** A run and the methods that are read from it. */
interface Shared {
  label: string;
  raw: PlainObject;
  specification: RunSpecification;
  trainOn?: string;
  teacher?: string;
  readings: Omit<Reading, 'runId'>[];
}

/**
 * The groups of one seed, one per column. Methods trained elsewhere, then those that have a teacher, come last in each, and
 * name the run they need.
 */
export function groupsOfSeed(place: Pick<GroupPlace, 'comparisonId' | 'seed'>, columns: Column[]): ComparisonGroup[] {
  const groups = columns.map((column): Growing => {
    const task = columns.length === 1 ? undefined : column.task;
    const votes = votesAtEqualCalls(column.methods);
    return { place: { ...place, task }, votes, ...column, runs: [], readings: [] };
  });
  for (const group of groups) {
    for (const shared of runsAtHome(group.methods)) addRun(group, shared);
  }
  for (const group of groups) {
    for (const shared of shareEqual(group.methods.filter(({ trainOn }) => trainOn !== undefined))) {
      const trained = runOf(groups, shared);
      addRun(group, { ...shared, raw: transferredSettings(shared.raw, trained) }, trained);
    }
  }
  for (const group of groups) {
    for (const shared of shareEqual(group.methods.filter(({ teacher }) => teacher !== undefined))) {
      const teacher = readRun(group, shared.teacher);
      addRun(group, { ...shared, raw: startingFrom(shared.raw, teacher.runId) }, teacher);
    }
  }
  return groups.map(({ task, runs, readings }) => ({ task, seed: place.seed, runs, readings }));
}

/** A group while its runs are added. */
interface Growing extends Column {
  place: GroupPlace;
  votes: number[];
  runs: ComparedRun[];
  readings: Reading[];
}

/** Runs that need no other: the untuned ones, then those that are trained on the column's own task, without a teacher. */
function runsAtHome(methods: DerivedMethod[]): Shared[] {
  const untuned = methods.filter(({ specification }) => isUntuned(specification));
  const tuned = methods.filter(
    ({ specification, trainOn, teacher }) =>
      !isUntuned(specification) && trainOn === undefined && teacher === undefined,
  );
  return [...shareUntuned(untuned), ...shareEqual(tuned)];
}

/** The run in which the first of the methods is trained, on the task that they are trained on. */
function runOf(groups: Growing[], { trainOn, readings: [first] }: Shared): ComparedRun {
  const home = groups.find(({ task }) => task === trainOn);
  return readRun(home, first?.method);
}

/** The run that a method of the column is read from. */
function readRun(column: Growing | undefined, name: string | undefined): ComparedRun {
  const reading = column?.readings.find(({ method }) => method === name);
  const run = column?.runs.find(({ runId }) => runId === reading?.runId);
  if (run === undefined) throw new Error(`${name ?? 'a method'} has no run on ${column?.task ?? 'its own task'}`);
  return run;
}

function addRun(group: Growing, shared: Shared, after?: ComparedRun): void {
  const run = comparedRun(group.place, withVotes(shared, group.votes), group.runs);
  group.runs.push(after === undefined ? run : { ...run, after: after.runId });
  group.readings.push(...shared.readings.map((reading) => ({ ...reading, runId: run.runId })));
}

/** One run for tuned methods with equal specifications, under the name of the first. */
function shareEqual(methods: DerivedMethod[]): Shared[] {
  const byDigest = new Map<string, Shared>();
  for (const { name, ...method } of methods) {
    const digest = specificationDigest(method.specification);
    const shared = byDigest.get(digest) ?? { label: name, ...method, readings: [] };
    shared.readings.push({ method: name, mode: 'society' });
    byDigest.set(digest, shared);
  }
  return [...byDigest.values()];
}

function shareUntuned(methods: DerivedMethod[]): Shared[] {
  const largestFirst = [...methods].sort((left, right) => byDebateSize(left.specification, right.specification));
  const hosts: Shared[] = [];
  for (const { name, raw, specification } of largestFirst) {
    const found = hosts
      .map((host) => ({ host, mode: readingIn(host.specification, specification) }))
      .find(({ mode }) => mode !== undefined);
    if (found?.mode !== undefined) found.host.readings.push({ method: name, mode: found.mode });
    else {
      const label = hosts.length === 0 ? 'untuned' : `untuned-${hosts.length + 1}`;
      hosts.push({ label, raw, specification, readings: [{ method: name, mode: 'society' }] });
    }
  }
  return hosts;
}

/** k of the votes that take as many calls as some method's debate: the rivals of a debate. */
function votesAtEqualCalls(methods: DerivedMethod[]): number[] {
  const debating = methods.filter(({ specification: { method } }) => method.evaluateBy === 'debate');
  return debating.map(({ specification }) => equalCalls(specification));
}

/** The run draws samples for every vote that is read from it, and for those at equal calls unless votes are `never`. */
function withVotes(shared: Shared, atEqualCalls: number[]): Shared {
  const { evaluation } = shared.specification;
  const { samples, at } = evaluation.votes;
  const asked = at === 'never' ? [] : [samples, atEqualCalls].flat();
  const read = shared.readings.flatMap(({ mode }) => (mode.startsWith('vote-') ? [Number(mode.slice(5))] : []));
  const wanted = [...new Set([...asked, ...read])];
  if (wanted.length === 0) return shared;
  const votes = { samples: wanted, at: at === 'never' ? 'first-and-last' : at };
  const raw = merge(shared.raw, { evaluation: { votes } }) as PlainObject;
  return { ...shared, raw };
}

function comparedRun(
  { comparisonId, task, seed }: GroupPlace,
  { label, raw }: Shared,
  before: ComparedRun[],
): ComparedRun {
  const parts = [comparisonId, label, ...(task === undefined ? [] : [task]), `s${seed}`];
  const runId = runIdOf(parts.join('.'));
  // Those of its own task first: they were asked the same problems.
  const own = (valueAt(raw, ['execution', 'reuseTurnsOf']) ?? []) as string[];
  const reuseTurnsOf = [...before.map((run) => run.runId), ...own];
  const reuse = reuseTurnsOf.length === 0 ? {} : { execution: { reuseTurnsOf } };
  const specification = merge({ ...raw, name: runId.slice(0, 100), seed }, reuse) as PlainObject;
  return { runId, specification, specificationDigest: resolveSpecification(specification).digest };
}
