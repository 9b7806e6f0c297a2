/** Resolves what a user wrote into the runs of a comparison. Everything is judged before anything is started. */
import type { Claim } from '../../contract/claims';
import {
  comparedName,
  comparisonFieldsSchema,
  comparisonInputSchema,
  mostRuns,
  type ComparedMethod,
  type ComparisonGroup,
} from '../../contract/comparison';
import { digestOf } from '../../domain/digests';
import { isUntuned } from '../../domain/readings';
import { InvalidRunSpec } from '../../errors';
import { suggestion } from '../nearest';
import { isPlainObject, type PlainObject } from '../plain-objects';
import { describeIssue, shownValue } from '../problems';
import { resolveSpecification } from '../resolve';
import { resolveClaims } from './claims';
import { groupsOfSeed, type DerivedMethod } from './groups';
import { methodEntry, specificationOf, type MethodEntry } from './methods';
import { comparedTasks, type ComparedTask } from './tasks';
import { refuseUnknownTeachers, refuseUselessTeachers } from './teachers';
import {
  isTransferred,
  refuseTooManyInOrder,
  refuseUnknownTrainingTasks,
  refuseUntunedTransfers,
  taskFieldsOf,
} from './transfers';

export interface ResolvedComparison {
  name: string;
  seeds: number[];
  tasks: string[];
  methods: ComparedMethod[];
  baseline: string;
  claims?: Claim[];
  runsInFlight: number;
  /** SHA-256 (hex) over everything that decides the results, which ids do not. */
  digest: string;
  /** The runs under an id, a whole seed after the other. */
  groups(comparisonId: string): ComparisonGroup[];
}

const ownFields = Object.keys(comparisonFieldsSchema.shape);

/** Throws `InvalidRunSpec` with every problem of every method at once. */
export function resolveComparison(raw: unknown): ResolvedComparison {
  if (!isPlainObject(raw)) {
    throw new InvalidRunSpec([`comparison: ${shownValue(raw)} is not a comparison; it must be one JSON object`]);
  }
  const fields = ownFieldsOf(raw);
  const entries = entriesOf(fields.methods);
  const tasks = comparedTasks(raw);
  refuseBadNames('tasks', tasks);
  refuseUnknownTrainingTasks(entries, tasks);
  refuseUnknownTeachers(entries);
  refuseTooManyInOrder(entries, tasks);
  const common = commonSettings(raw);
  refuseDeadlines([
    ['limits', raw.limits],
    ...entries.map(({ name, own }) => [`methods ${name}: limits`, own.limits] as const),
  ]);
  const byTask = tasks.map((task) => ({ task, methods: deriveMethods(common, entries, { task, tasks }) }));
  const derived = collectProblems(byTask.flatMap(({ methods }) => methods));
  refuseUntunedTransfers(entries, derived);
  refuseUselessTeachers(entries, derived);
  const methods = comparedMethods(entries, derived);
  const baseline = baselineOf(fields.baseline, entries);
  const runs = tasks.length * fields.seeds.length * entries.length;
  if (runs > mostRuns) throw new InvalidRunSpec([`methods: ${runs} runs are asked for; at most ${mostRuns}`]);
  const seeds = [...new Set(fields.seeds)];
  const columns = byTask.map(({ task }, index) => ({
    task: task.name,
    methods: derived.slice(index * entries.length, (index + 1) * entries.length),
  }));
  const groups = (comparisonId: string): ComparisonGroup[] =>
    seeds.flatMap((seed) => groupsOfSeed({ comparisonId, seed }, columns));
  const claims =
    fields.claims &&
    resolveClaims(fields.claims, { methods, groups: groupsOfSeed({ comparisonId: 'claims', seed: 0 }, columns) });
  const decisive = {
    methods,
    tasks,
    seeds,
    baseline,
    specifications: derived.map(({ specification }) => specification),
  };
  return {
    name: fields.name,
    seeds,
    tasks: tasks.map(({ name }) => name),
    methods,
    baseline,
    ...(claims === undefined ? {} : { claims }),
    runsInFlight: fields.runsInFlight,
    digest: digestOf(decisive),
    groups,
  };
}

function ownFieldsOf(raw: PlainObject) {
  const known = Object.keys(comparisonInputSchema.shape);
  const unknown = Object.keys(raw).filter((field) => !known.includes(field));
  const problems = unknown.map((field) => unknownField(field, raw[field], known));
  if (raw.task !== undefined && raw.tasks !== undefined)
    problems.push('tasks: given beside `task`; give one of the two');
  const own = Object.fromEntries(Object.entries(raw).filter(([field]) => ownFields.includes(field)));
  const parsed = comparisonFieldsSchema.safeParse(own);
  if (parsed.success && problems.length === 0) return parsed.data;
  const issues = parsed.error?.issues ?? [];
  throw new InvalidRunSpec([
    ...problems,
    ...issues.flatMap((issue) => describeIssue(issue, { value: own, schema: comparisonFieldsSchema })),
  ]);
}

function unknownField(field: string, value: unknown, known: string[]): string {
  if (field === 'seed')
    return `seed: ${shownValue(value)}: a comparison has a list, such as seeds: [${shownValue(value)}]`;
  return `${field}: ${shownValue(value)} is an unknown field${suggestion(field, known)} (known fields: ${known.join(', ')})`;
}

function entriesOf(written: unknown[]): MethodEntry[] {
  const read = written.map(methodEntry);
  const problems = read.flatMap((entry) => ('problem' in entry ? [entry.problem] : []));
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  const entries = read.filter((entry): entry is MethodEntry => !('problem' in entry));
  refuseBadNames('methods', entries);
  return entries;
}

/** Names are part of ids of runs and files, and two equal ones would be one run. */
function refuseBadNames(field: string, named: { name: string }[]): void {
  const problems = named.flatMap(({ name }, index) => {
    const where = `${field}.${index}`;
    if (!comparedName.safeParse(name).success)
      return [`${where}.name: ${shownValue(name)} is not allowed; it must be ${comparedName.description ?? ''}`];
    const isTaken = named.slice(0, index).some((other) => other.name.toLowerCase() === name.toLowerCase());
    if (isTaken) return [`${where}: ${shownValue(name)} is there twice; give each a \`name\` of its own`];
    return field === 'methods' && /^untuned(-\d+)?$/i.test(name)
      ? [`${where}.name: ${shownValue(name)} is what the run of all untuned methods is called; choose another`]
      : [];
  });
  if (problems.length > 0) throw new InvalidRunSpec(problems);
}

/** The fields beside `methods`: a run specification without task, seed and name. */
function commonSettings(raw: PlainObject): PlainObject {
  const common = Object.fromEntries(Object.entries(raw).filter(([field]) => !ownFields.includes(field)));
  const { method } = common;
  if (method === undefined) return common;
  if (isPlainObject(method) && method.preset === undefined) return common;
  throw new InvalidRunSpec([
    `method: ${shownValue(method)}: beside \`methods\` it holds only settings that all of them have in common, no preset`,
  ]);
}

/** Who lands early has trained on less than the others, which nothing in the table would say. */
function refuseDeadlines(limits: readonly (readonly [string, unknown])[]): void {
  const given = limits.filter(([, value]) => isPlainObject(value) && value.deadline !== undefined);
  if (given.length === 0) return;
  throw new InvalidRunSpec(
    given.map(
      ([field]) => `${field}.deadline is impossible: a comparison compares whole runs; give a deadline to single ones`,
    ),
  );
}

type Derivation = DerivedMethod | { name: string; problems: string[] };

function deriveMethods(
  common: PlainObject,
  entries: MethodEntry[],
  { task, tasks }: { task: ComparedTask; tasks: ComparedTask[] },
): Derivation[] {
  return entries.map((entry): Derivation => {
    const { name, trainOn, teacher } = entry;
    const raw = specificationOf({ ...common, ...taskFieldsOf(entry, task, tasks) }, entry);
    try {
      const { specification } = resolveSpecification(raw);
      const isElsewhere = isTransferred(entry, task.name);
      return {
        name,
        raw,
        specification,
        ...(isElsewhere ? { trainOn } : {}),
        ...(teacher === undefined ? {} : { teacher }),
      };
    } catch (error) {
      if (!(error instanceof InvalidRunSpec)) throw error;
      return { name: entry.name, problems: error.problems };
    }
  });
}

/** A problem that all methods share is the comparison's own, and reported once. */
function collectProblems(derivations: Derivation[]): DerivedMethod[] {
  const sufferers = new Map<string, Set<string>>();
  for (const { name, ...derivation } of derivations) {
    const problems = 'problems' in derivation ? derivation.problems : [];
    for (const problem of problems) sufferers.set(problem, (sufferers.get(problem) ?? new Set()).add(name));
  }
  const everybody = new Set(derivations.map(({ name }) => name)).size;
  const lines = [...sufferers].flatMap(([problem, names]) =>
    names.size === everybody ? [problem] : [...names].map((name) => `method "${name}": ${problem}`),
  );
  if (lines.length > 0) throw new InvalidRunSpec(lines);
  return derivations.filter((derivation): derivation is DerivedMethod => 'raw' in derivation);
}

function comparedMethods(entries: MethodEntry[], derived: DerivedMethod[]): ComparedMethod[] {
  return entries.map(({ name, preset, trainOn, teacher }) => {
    const found = derived.find((method) => method.name === name);
    const tuned = found !== undefined && !isUntuned(found.specification);
    // Only if it is given: a comparison without has the digest it always had.
    return {
      name,
      preset,
      tuned,
      ...(trainOn === undefined ? {} : { trainOn }),
      ...(teacher === undefined ? {} : { teacher }),
    };
  });
}

function baselineOf(given: string | undefined, entries: MethodEntry[]): string {
  const names = entries.map(({ name }) => name);
  if (given === undefined) return names.includes('debate') ? 'debate' : names[0]!;
  if (names.includes(given)) return given;
  throw new InvalidRunSpec([
    `baseline: ${shownValue(given)} is not one of the methods${suggestion(given, names)} (${names.join(', ')})`,
  ]);
}
