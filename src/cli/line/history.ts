/** What a line's records say, for `maft line list`, `show`, `history` and `diff`. */
import { untunedSocietyName, type HeldOutSet, type LineRecord, type LineVersion } from '../../contract/line';
import type { Evaluation } from '../../contract/evaluation';
import type { Society } from '../../contract/society';
import { compareMeasurements, measurementIn } from '../../domain/evidence/measurements';
import { isTest } from '../../domain/lines/gate';
import { barAtLook } from '../../domain/lines/spending';
import { describeOrigin } from '../../domain/lines/versions';
import type { PairedComparison } from '../../domain/statistics';
import { InvalidRunSpec } from '../../errors';
import type { ArtifactStore } from '../../ports';
import { differenceText } from '../../pages/evidence';
import { counted, percent } from '../../pages/numbers';
import { findLine, type StoredLine } from '../../stored-runs/stored-line';
import { StoredRun } from '../../stored-runs/stored-run';

/** A line as `maft line show --json` prints it. */
export interface LineSummary {
  line: string;
  current: LineVersion;
  heldOut: Pick<HeldOutSet, 'number' | 'size' | 'labelled'>;
  /** Tests of the gate on that set so far. */
  looks: number;
  /** Highest p-value that promotes at the next look; null if the gate tests nothing. */
  nextBar: number | null;
  promotion: LineRecord['promotion'];
  minimumProblems: number;
  /** Runs that have drawn training problems, and how many problems that were. */
  used: { runs: number; problems: number };
  description?: string;
  createdAt: string;
}

export async function summariseLine(store: ArtifactStore, name: string): Promise<LineSummary> {
  const line = await findLine(store, name);
  const { promotion, minimumProblems, description, createdAt } = line.record;
  const { number, size, labelled } = await line.newestHeldOut();
  const looks = (await line.looks(number)).length;
  const runs = await line.usingRuns();
  const used = await Promise.all(runs.map((runId) => line.kept(runId)));
  return {
    line: name,
    current: await line.current(),
    heldOut: { number, size, labelled },
    looks,
    nextBar: isTest(promotion) ? barAtLook(looks + 1) : null,
    promotion,
    minimumProblems,
    used: { runs: runs.length, problems: used.reduce((sum, problems) => sum + problems.length, 0) },
    ...(description === undefined ? {} : { description }),
    createdAt,
  };
}

export function lineOfList({ line, current, promotion }: LineSummary): string {
  return `${line.padEnd(20)} version ${current.number} · ${current.society} · ${describeOrigin(current)} at ${current.at} · gate ${promotion.gate}`;
}

export function describeLine(summary: LineSummary): string {
  const { line, current, heldOut, looks, nextBar, promotion, minimumProblems, used } = summary;
  const bar = nextBar === null ? '' : `; at the next one p < ${Number(nextBar.toPrecision(2))} promotes`;
  return [
    `${line}: version ${current.number}, society ${current.society}`,
    ...versionLines(current),
    `  held out   set ${heldOut.number}: ${counted(heldOut.size, 'problem')} ${heldOut.labelled ? 'with' : 'without'} reference answers`,
    `  gate       ${promotion.gate}, ${counted(looks, 'look')} at this set so far${promotion.gate === 'better' ? bar : ''}`,
    `  trained    ${counted(used.problems, 'problem')} in ${counted(used.runs, 'run')}; a run needs at least ${minimumProblems} new ones`,
  ].join('\n');
}

export function describeVersions(versions: readonly LineVersion[]): string {
  return versions
    .map((version) => [`${version.number}: ${version.society}`, ...versionLines(version)].join('\n'))
    .join('\n');
}

function versionLines(version: LineVersion): string[] {
  const { why, at, evidence, run } = version;
  const comparison = evidence?.comparison ?? null;
  const look = evidence?.look ? `, look ${evidence.look}` : '';
  const measured =
    comparison === null
      ? []
      : [`  evidence   ${differenceText(comparison)}${look}, against ${evidence?.parent.society}`];
  return [
    `  since      ${at}, ${describeOrigin(version)}${run === null ? '' : ` (run ${run})`}`,
    ...(why === '' ? [] : [`  why        ${why}`]),
    ...measured,
  ];
}

/** Two versions, as `maft line diff --json` prints them. Accuracies are 0..1, on the held-out problems. */
export interface LineDiff {
  line: string;
  versions: { number: number; society: string; accuracy: number | null }[];
  /** Agents whose weights differ, with their models in both. */
  agents: { agent: string; models: (string | null)[] }[];
  /** The second minus the first, on the held-out problems that both were measured on; null if there are none. */
  comparison: PairedComparison | null;
}

export async function diffVersions(
  store: ArtifactStore,
  { name, numbers }: { name: string; numbers: readonly [number, number] },
): Promise<LineDiff> {
  const line = await findLine(store, name);
  const history = await line.versions();
  const sides = await Promise.all(numbers.map((number) => sideOf(line, versionOf(line, history, number))));
  const [before, after] = sides as [Side, Side];
  const names = [...new Set(sides.flatMap(({ society }) => Object.keys(society?.agents ?? {})))].sort();
  const modelsOf = (agent: string) => sides.map(({ society }) => society?.agents[agent]?.model ?? null);
  return {
    line: name,
    versions: sides.map(({ version, measured }) => ({
      number: version.number,
      society: version.society,
      accuracy: measured?.evaluation.modes.find(({ mode }) => mode === 'society')?.accuracy ?? null,
    })),
    agents: names.map((agent) => ({ agent, models: modelsOf(agent) })).filter(({ models: [a, b] }) => a !== b),
    comparison: compareSides(before, after),
  };
}

export function describeDiff({ versions, agents, comparison }: LineDiff): string {
  const sides = versions.map(
    ({ number, society, accuracy }) =>
      `version ${number}: ${society}, ${accuracy === null ? 'not measured on held-out problems' : percent(accuracy)}`,
  );
  const changed = agents.map(
    ({ agent, models: [before, after] }) => `  ${agent.padEnd(13)} ${before ?? '–'} -> ${after ?? '–'}`,
  );
  return [
    ...sides,
    comparison === null ? 'no held-out problems that both were measured on' : differenceText(comparison),
    changed.length === 0 ? 'the same weights' : `${counted(changed.length, 'agent')} with other weights:`,
    ...changed,
  ].join('\n');
}

interface Side {
  version: LineVersion;
  /** Undefined for the untuned society of a line that has not run yet. */
  society: Society | undefined;
  measured: { heldOut: number; evaluation: Evaluation } | undefined;
}

async function sideOf(line: StoredLine, version: LineVersion): Promise<Side> {
  const own = await ownEvaluation(line, version);
  const measured = own ?? (await evaluationAtStart(line, version));
  if (version.society !== untunedSocietyName) {
    const [runId = '', iteration] = version.society.split('@');
    const run = await StoredRun.find(line.store, runId);
    return { version, society: await run?.society(Number(iteration)), measured };
  }
  return { version, society: measured?.society, measured };
}

type Measured = NonNullable<Side['measured']> & { society: Society | undefined };

/** In the run of the line that made the society. */
async function ownEvaluation(line: StoredLine, { society: name }: LineVersion): Promise<Measured | undefined> {
  const [runId = '', iteration] = name.split('@');
  const run = await StoredRun.find(line.store, runId);
  if (iteration === undefined || run?.record.line?.name !== line.name) return undefined;
  return measuredIn(run, Number(iteration));
}

/** In a run that started from this version. */
async function evaluationAtStart(line: StoredLine, { number }: LineVersion): Promise<Measured | undefined> {
  for (const runId of await line.usingRuns()) {
    const run = await StoredRun.find(line.store, runId);
    if (run?.record.line?.version !== number) continue;
    const measured = await measuredIn(run, 0);
    if (measured !== undefined) return measured;
  }
  return undefined;
}

async function measuredIn(run: StoredRun, iteration: number): Promise<Measured | undefined> {
  const evaluation = await run.evaluation(iteration);
  const heldOut = run.record.line?.heldOut;
  if (evaluation === undefined || heldOut === undefined) return undefined;
  return { heldOut, evaluation, society: await run.society(iteration) };
}

function compareSides({ measured: before }: Side, { measured: after }: Side): PairedComparison | null {
  if (before === undefined || after?.heldOut !== before.heldOut) return null;
  const [first, second] = [after, before].map(({ evaluation }) => measurementIn(evaluation, 'society'));
  return first && second ? compareMeasurements(first, second) : null;
}

function versionOf(line: StoredLine, history: readonly LineVersion[], number: number): LineVersion {
  const version = history.find((each) => each.number === number);
  if (version !== undefined) return version;
  throw new InvalidRunSpec([`version: line "${line.name}" has no version ${number}; it has 1 to ${history.length}`]);
}
