/** What a run takes from its line when it begins: the society to start from, and problems that no run of the line has used. */
import type { RunOfLine, UsedProblem } from '../src/contract/line';
import type { RunPlan, RunRecord } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import { sha256 } from '../src/domain/digests';
import { durationMs } from '../src/domain/lines/versions';
import { normalisedText } from '../src/domain/normalised-text';
import type { ArtifactStore } from '../src/ports';
import { findLine, questionDigest, type StoredLine } from '../src/stored-runs/stored-line';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems, LabelledProblem, TakenQuestions } from '../src/tasks/task';

export interface LineStart {
  line: StoredLine;
  /** The line as it is now. */
  at: RunOfLine;
}

/** Undefined for a run without a line. Throws `InvalidRunSpec` for a line that does not exist. */
export async function startOnLine(store: ArtifactStore, name: string | undefined): Promise<LineStart | undefined> {
  if (name === undefined) return undefined;
  const line = await findLine(store, name);
  const { number: version, society } = await line.current();
  const { number: heldOut } = await line.newestHeldOut();
  return { line, at: { name, version, society, heldOut } };
}

/** What the workflow needs to know of the line. */
export function planOfLine({ line: { record }, at: { name } }: LineStart): Required<Pick<RunPlan, 'line'>> {
  const { gate, approveWithin, otherwise } = record.promotion;
  return { line: { name, gate, approveWithinMs: durationMs(approveWithin), otherwise } };
}

type OfLine = Pick<RunRecord, 'runId' | 'specification'> & { tasks: RunTasks; start: LineStart };

/**
 * The line's held-out problems, and new ones to train on. They are recorded as used before they are returned, so a retry or a
 * resumed run draws the same, whatever the source has gained since.
 */
export async function drawOnLine({ runId, specification, tasks, start }: OfLine): Promise<DrawnProblems> {
  const { line, at } = start;
  const [set] = (await line.heldOutSets()).filter(({ number }) => number === at.heldOut);
  const heldOut = set === undefined ? [] : await line.heldOutProblems(set);
  const wanted = setsOf(specification) * specification.task.train;
  const known = await line.used(runId);
  const taken = known === undefined ? await line.taken() : allBut(known);
  const fresh = await tasks.train.fresh({ seed: specification.seed, most: wanted, from: 'train', taken });
  const drawn = { eval: heldOut, sources: [...fresh.sources, ...(set?.sources ?? [])], notices: fresh.notices };
  const size = Math.floor(fresh.problems.length / Math.max(1, setsOf(specification)));
  if (known === undefined && specification.iterations > 0 && isTooLittle(size * setsOf(specification), line)) {
    return { ...drawn, train: [], skipped: skippedSentence(fresh.problems.length, line) };
  }
  const used = known ?? (await line.recordUsed(runId, usedOf(fresh.problems.slice(0, size * setsOf(specification)))));
  return { ...drawn, train: trainingSets(inOrderOf(used, fresh.problems), specification) };
}

/** The problems of a skipped run: nothing was drawn for it, and nothing is drawn later. */
export async function drawOfSkipped({ line, at }: LineStart): Promise<DrawnProblems> {
  const [set] = (await line.heldOutSets()).filter(({ number }) => number === at.heldOut);
  return { eval: set === undefined ? [] : await line.heldOutProblems(set), train: [] };
}

/** How many different training sets the run has. */
function setsOf({ task, iterations }: RunSpecification): number {
  return task.problems === 'fresh' ? iterations : Math.min(iterations, 1);
}

function isTooLittle(count: number, { record }: StoredLine): boolean {
  return count < Math.max(1, record.minimumProblems);
}

function skippedSentence(count: number, { record: { name, minimumProblems } }: StoredLine): string {
  const found = count === 0 ? 'has no new training problems' : `has ${count} new training problems`;
  return `the source of line "${name}" ${found}, and a run needs at least ${minimumProblems}`;
}

function usedOf(problems: readonly LabelledProblem[]): UsedProblem[] {
  return problems.map(({ id, question }) => ({ id, digest: questionDigest(question) }));
}

/** Takes everything but the problems that the run has drawn already. */
function allBut(used: readonly UsedProblem[]): TakenQuestions {
  const own = new Set(used.map(({ digest }) => digest));
  return { size: 0, has: (text) => !own.has(sha256(text)) };
}

/** By the ids they had when they were drawn: files that were added since may have changed those of rows without one. */
function inOrderOf(used: readonly UsedProblem[], problems: readonly LabelledProblem[]): LabelledProblem[] {
  const byDigest = new Map(problems.map((problem) => [sha256(normalisedText(problem.question)), problem]));
  return used.flatMap(({ id, digest }) => {
    const problem = byDigest.get(digest);
    return problem === undefined ? [] : [{ ...problem, id }];
  });
}

function trainingSets(problems: LabelledProblem[], specification: RunSpecification): LabelledProblem[][] {
  const { task, iterations } = specification;
  if (task.problems !== 'fresh') return Array.from({ length: iterations }, () => problems);
  const size = Math.floor(problems.length / Math.max(1, iterations));
  return Array.from({ length: iterations }, (_, set) => problems.slice(set * size, (set + 1) * size));
}
