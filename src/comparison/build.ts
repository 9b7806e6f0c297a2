/**
 * A comparison as data (`report.json`): everything its page and its table show, computed once from the runs. No clock and
 * no random numbers: the same artifacts give the same bytes.
 */
import type { CallCounts, RunRecord } from '../contract/run';
import type { ComparedMethod, ComparisonOutcomeRow } from '../contract/comparison';
import { withoutCommit } from '../domain/society';
import { addCounts, isLowerBound, isUncounted, noCounts, subtractCounts } from '../domain/counts';
import { fewestForInterval } from '../domain/statistics';
import { endingNotices } from '../report/ending-notices';
import { count, counted } from '../pages/numbers';
import { claimsOf, type StatedClaim } from './claims';
import { curvesOf, type ComparedCurves } from './curves';
import { explanationsOf, type Explanation, unreadNotices } from './explanations';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { compareRows, type ComparisonRow, measuredRows } from './rows';
import { headlineOf, statementsOf } from './verdicts';

/** Counts as if the run were alone, and the part that other runs had asked already. */
export interface ComparedStanding extends Pick<
  ComparedArtifacts,
  'runId' | 'task' | 'seed' | 'standing' | 'reason' | 'counts' | 'reused'
> {
  /** Iterations evaluated so far; 0 is the untuned society. */
  iterations: number;
}

export interface ComparisonReport {
  format: 'maft-comparison/1';
  comparisonId: string;
  name: string;
  /** Who wins at equal calls, in one sentence. */
  headline: string;
  statements: string[];
  tasks: string[];
  seeds: number[];
  /** Base models of the runs so far. */
  models: string[];
  baseline: string;
  /** Calls per answer at which methods are called equal; null if none debates. */
  equalCalls: number | null;
  rows: ComparisonRow[];
  /** By task: what the comparison claims, and whether its runs show it. */
  claims: Record<string, StatedClaim[]>;
  /** By task. */
  curves: Record<string, ComparedCurves[]>;
  /** By task: measurements that explain the rows that answer as a society. */
  explanations: Record<string, Explanation[]>;
  runs: ComparedStanding[];
  /** Over all runs: the calls the methods take, and those really made. */
  calls: { taken: CallCounts; asked: CallCounts };
  notices: string[];
  versions: RunRecord['versions'];
  specification: unknown;
}

export function buildComparison(input: ComparisonInput): ComparisonReport {
  const { comparison, runs } = input;
  const { comparisonId, name, tasks, seeds, baseline, versions, written } = comparison;
  const compared = compareRows(input);
  const { rows, equalCalls } = compared;
  const byTask = <Value>(of: (from: ComparisonInput, task: string) => Value): Record<string, Value> =>
    Object.fromEntries(tasks.map((task) => [task, of(input, task)]));
  return {
    format: 'maft-comparison/1',
    comparisonId,
    name,
    headline: headlineOf(compared, tasks),
    statements: statementsOf(compared, comparison),
    tasks,
    seeds,
    models: modelsOf(runs),
    baseline,
    equalCalls,
    rows,
    claims: byTask(claimsOf),
    curves: byTask(curvesOf),
    explanations: byTask(explanationsOf),
    runs: runs.map(comparedStandingOf),
    calls: callsOver(runs),
    notices: noticesOf(input, rows),
    versions: runs.find(({ record }) => record !== undefined)?.record?.versions ?? versions,
    specification: written,
  };
}

function modelsOf(runs: ComparedArtifacts[]): string[] {
  const specifications = runs.flatMap(({ record }) => (record === undefined ? [] : [record.specification]));
  const bases = specifications.flatMap(({ model }) => [model.base, ...(model.members ?? []).map(({ base }) => base)]);
  const pinned = new Set(bases.filter((base) => withoutCommit(base) !== base).map(withoutCommit));
  return [...new Set(bases.filter((base) => !pinned.has(base)))];
}

function comparedStandingOf({
  runId,
  task,
  seed,
  standing,
  reason,
  evaluations,
  counts,
  reused,
}: ComparedArtifacts): ComparedStanding {
  return { runId, task, seed, standing, reason, iterations: evaluations.length, counts, reused };
}

function callsOver(runs: ComparedArtifacts[]): ComparisonReport['calls'] {
  return {
    taken: addCounts(noCounts, ...runs.map(({ counts }) => counts)),
    asked: addCounts(noCounts, ...runs.map(({ counts, reused }) => subtractCounts(counts, reused))),
  };
}

function noticesOf(input: ComparisonInput, rows: ComparisonRow[]): string[] {
  const { comparison, runs, areClaimsChanged = false } = input;
  const { seeds, methods, tasks } = comparison;
  const finished = runs.filter(({ standing }) => standing === 'finished').length;
  const failed = runs.filter(({ standing }) => standing === 'failed');
  return [
    finished < runs.length
      ? `${finished} of ${counted(runs.length, 'run')} finished: everything here rests on those.`
      : '',
    fewSeeds(seeds),
    areClaimsChanged ? otherClaims(comparison) : '',
    ...failed.map(({ runId, reason }) => `${runId} failed: ${reason ?? 'no reason is known'}`),
    ...tasks.flatMap((task) => missingSeeds(task, rows, tasks.length)),
    ...tasks.map((task) => sharedProblems(task, runs, tasks.length)),
    ...nothingTrained(runs),
    ...noticesOfRuns(runs),
    mixedBases(runs),
    ...(tasks.length === 1 ? [] : transferNotices(methods)),
    ...teacherNotices(methods),
    ...unreadNotices(input),
    ...usageNotices(runs),
    ...endingNotices(runs.map(({ runId, counts }) => ({ place: `in ${runId}`, counts }))),
  ].filter((notice) => notice !== '');
}

function otherClaims({ claims }: ComparisonInput['comparison']): string {
  return claims === undefined
    ? 'The comparison was started with claims that are not judged here.'
    : 'The claims are not those that the comparison was started with: they were written when results could be known.';
}

/** Empty if there are enough seeds for an interval over them. */
function fewSeeds(seeds: readonly number[]): string {
  if (seeds.length >= fewestForInterval) return '';
  if (seeds.length === 1) return 'One seed: how much another would differ is not known.';
  return 'Two seeds are too few for an interval over seeds: verdicts are on their problems, pooled, and show nothing of another.';
}

/** Warns of rows with missing seeds: means over different seeds are not comparable. */
function missingSeeds(task: string, rows: ComparisonRow[], tasks: number): string[] {
  const measured = measuredRows(rows, task).map(({ label, cell }) => ({
    label,
    seeds: cell.seeds.map(({ seed }) => seed),
  }));
  const all = [...new Set(measured.flatMap(({ seeds }) => seeds))];
  const lacking = new Map<string, string[]>();
  for (const { label, seeds } of measured) {
    const missing = all.filter((seed) => !seeds.includes(seed)).join(', ');
    if (missing !== '') lacking.set(missing, [...(lacking.get(missing) ?? []), `“${label}”`]);
  }
  const where = tasks === 1 ? '' : ` on ${task}`;
  return [...lacking].map(
    ([missing, labels]) =>
      `No result${where} with seed ${missing}, so that the mean is over fewer seeds than those of other rows: ${labels.join(', ')}.`,
  );
}

/** Runs whose every training set was empty: their tuned rows show the untuned models again. */
function nothingTrained(runs: ComparedArtifacts[]): string[] {
  const empty = runs.filter(
    ({ standing, record, training }) =>
      standing === 'finished' && (record?.plan.trainedAgents.length ?? 0) > 0 && training.examples === 0,
  );
  if (empty.length === 0) return [];
  return [`Nothing was trained, because every training set was empty: ${empty.map(({ runId }) => runId).join(', ')}.`];
}

/** Names runs on the one base beside mixed societies: other members, or one model for all, leave members' bases out. */
function mixedBases(runs: ComparedArtifacts[]): string {
  const plain = runs.filter(({ record }) => record !== undefined && record.specification.model.members === undefined);
  const isMixed = runs.some(({ record }) => record?.specification.model.members !== undefined);
  if (!isMixed || plain.length === 0) return '';
  const named = plain.map(({ runId }) => runId).join(', ');
  return `Of one base, model.base, beside societies whose members have different ones: ${named}.`;
}

/** The notices of the runs, each once, with the runs it comes from. */
function noticesOfRuns(runs: ComparedArtifacts[]): string[] {
  const by = new Map<string, string[]>();
  for (const { runId, record } of runs) {
    for (const notice of record?.plan.notices ?? []) by.set(notice, [...(by.get(notice) ?? []), runId]);
  }
  return [...by].map(([notice, ids]) => (ids.length === runs.length ? notice : `${ids.join(', ')}: ${notice}`));
}

/**
 * Seeds draw their evaluation problems from the same file. A problem that several of them answer is counted each time,
 * as if it were a different one.
 */
function sharedProblems(task: string, runs: ComparedArtifacts[], tasks: number): string {
  const seeds = new Map<number, string[]>();
  for (const { task: own, seed, record, evaluations } of runs) {
    // Arithmetic gives the problems of different seeds the same ids, though they differ.
    if (own !== task || record === undefined || kindEvaluated(record) === 'arithmetic') continue;
    const [untuned] = evaluations;
    if (untuned !== undefined)
      seeds.set(
        seed,
        untuned.perProblem.map(({ problemId }) => problemId),
      );
  }
  const all = [...seeds.values()].flat();
  const different = new Set(all).size;
  if (different === all.length) return '';
  const where = tasks === 1 ? '' : `${task}: `;
  return (
    `${where}The seeds share evaluation problems (${different} different ones among ${all.length}): intervals over problems, ` +
    '± and p take them for different ones and are too narrow. Judge by the interval over seeds.'
  );
}

function usageNotices(runs: ComparedArtifacts[]): string[] {
  const named = (chosen: ComparedArtifacts[]) => chosen.map(({ runId }) => runId).join(', ');
  const partly = runs.filter(({ counts }) => isLowerBound(counts));
  const silent = runs.filter((run) => isUncounted(run.counts) && !partly.includes(run));
  return [
    silent.length > 0 &&
      `The endpoint did not say how many tokens it read and wrote, so that their 0 means not known: ${named(silent)}.`,
    partly.length > 0 &&
      `The endpoint did not count the tokens of some calls: tokens are at least what is shown (≥), money is unknown: ${named(partly)}.`,
  ].filter((notice) => notice !== false);
}

function kindEvaluated({ specification: { task, evalTask } }: RunRecord): string {
  return (evalTask ?? task).kind;
}

/** Which cells are zero-shot transfer: readers must not mistake them for a method trained on the column's problems. */
function transferNotices(methods: ComparedMethod[]): string[] {
  const trained = methods.flatMap(({ name, trainOn }) => (trainOn === undefined ? [] : [`“${name}” on ${trainOn}`]));
  if (trained.length === 0) return [];
  return [
    `Trained on one task in every column, so that the other columns are zero-shot transfer: ${trained.join(', ')}.`,
  ];
}

/** What a distilled model cost is for a part in its teacher's row. */
function teacherNotices(methods: ComparedMethod[]): string[] {
  const taught = methods.flatMap(({ name, teacher }) => (teacher === undefined ? [] : [`“${name}” by “${teacher}”`]));
  if (taught.length === 0) return [];
  return [
    `Taught by the society with which another method ends, whose calls and training it does not count: ${taught.join(', ')}.`,
  ];
}

/** A row as the workflow returns it. */
export function outcomeRow({ label, cells }: ComparisonRow): ComparisonOutcomeRow {
  const brief = Object.entries(cells).map(([task, cell]) => {
    if (cell === null) return [task, null];
    const { accuracy, standardError, n, callsPerAnswer } = cell;
    return [task, { accuracy, standardError, n, callsPerAnswer }];
  });
  return { method: label, tasks: Object.fromEntries(brief) as ComparisonOutcomeRow['tasks'] };
}

/** `5,400 calls taken, 3,600 of them asked` */
export function callsText({ calls: { taken, asked } }: ComparisonReport): string {
  const adopted = taken.calls - asked.calls;
  const all = `${count(taken.calls)} model calls in all`;
  return adopted === 0
    ? all
    : `${all}, ${count(asked.calls)} of them asked: ${count(adopted)} were adopted from a run that had asked the same`;
}
