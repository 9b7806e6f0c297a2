/**
 * Which runs a comparison needs on one task with one seed: one for all untuned methods that can be read from it, one for
 * every tuned method. Each reuses what the runs before it were answered.
 */
import type { ComparedRun, ComparisonGroup, Reading } from '../../contract/comparison';
import type { RunSpecification } from '../../contract/specification';
import { runIdOf } from '../../domain/digests';
import { equalCalls } from '../../domain/plan';
import { byDebateSize, isUntuned, readingIn } from '../../domain/readings';
import { merge, type PlainObject } from '../plain-objects';
import { resolveSpecification } from '../resolve';

export interface DerivedMethod {
  name: string;
  raw: PlainObject;
  specification: RunSpecification;
}

export interface GroupPlace {
  comparisonId: string;
  /** Undefined where the comparison has one task: the ids of its runs do without. */
  task: string | undefined;
  seed: number;
}

/** A run and the methods that are read from it. */
interface Shared {
  label: string;
  raw: PlainObject;
  specification: RunSpecification;
  readings: Omit<Reading, 'runId'>[];
}

/** Runs and readings of one task and seed. */
export function groupOf(place: GroupPlace, methods: DerivedMethod[]): Pick<ComparisonGroup, 'runs' | 'readings'> {
  const untuned = shareUntuned(methods.filter(({ specification }) => isUntuned(specification)));
  const votes = votesAtEqualCalls(methods);
  const tuned = methods
    .filter(({ specification }) => !isUntuned(specification))
    .map(({ name, ...method }): Shared => ({ label: name, ...method, readings: [{ method: name, mode: 'society' }] }));
  const runs: ComparedRun[] = [];
  const readings: Reading[] = [];
  for (const shared of [...untuned, ...tuned]) {
    const run = comparedRun(place, withVotes(shared, votes), runs);
    runs.push(run);
    readings.push(...shared.readings.map((reading) => ({ ...reading, runId: run.runId })));
  }
  return { runs, readings };
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

/** k of the votes that take as many calls as some method's debate: what a debate has to beat. */
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
  const reuseTurnsOf = before.map((run) => run.runId);
  const reuse = reuseTurnsOf.length === 0 ? {} : { execution: { reuseTurnsOf } };
  const specification = merge({ ...raw, name: runId.slice(0, 100), seed }, reuse) as PlainObject;
  return { runId, specification, specificationDigest: resolveSpecification(specification).digest };
}
