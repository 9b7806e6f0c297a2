/** `maft line promote` and `maft line rollback`: versions that people make. */
import type { LineVersion } from '../../contract/line';
import type { RunSpecification } from '../../contract/specification';
import { pinnedLike } from '../../domain/hub-names';
import { rollbackTarget } from '../../domain/lines/versions';
import { normalisedText } from '../../domain/normalised-text';
import { misfits } from '../../domain/starting-society';
import { InvalidRunSpec } from '../../errors';
import type { ArtifactStore } from '../../ports';
import { resolveSpecification } from '../../specification';
import { findSociety, type FoundSociety } from '../../stored-runs/find-society';
import { courseOf } from '../../stored-runs/standing';
import { findLine, type StoredLine } from '../../stored-runs/stored-line';
import { StoredRun } from '../../stored-runs/stored-run';
import { trainedQuestions } from '../../stored-runs/trained-questions';
import { promptTaskOf } from '../../tasks/kinds/all';

/** Who does it and why, for the history. */
export interface Author {
  by: string;
  why: string;
}

/** Makes a finished run's society current. Throws `InvalidRunSpec` if it does not belong on the line, or if another version came first. */
export async function promoteByHand(
  store: ArtifactStore,
  { name, society: wanted, by, why }: Author & { name: string; society: string },
): Promise<LineVersion> {
  const line = await findLine(store, name);
  const current = await line.current();
  const found = await findSociety(store, wanted, 'society');
  const { runId, iteration } = found.society;
  const society = `${runId}@${iteration}`;
  const problems = [
    ...(society === current.society ? [`society: ${society} is current already`] : []),
    ...(await unfinished(store, found)),
    ...unfit(line, found),
    ...(await trainedOnHeldOut(line, found)),
  ];
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  const run = found.record.line?.name === name ? runId : null;
  const made = { society, parent: current.number, run, evidence: null, decision: 'by hand' } as const;
  return line.append({ ...made, by, why, at: new Date().toISOString() });
}

/** Makes an older version's society current again; without a number, that of the newest version with another society. */
export async function rollBack(
  store: ArtifactStore,
  { name, to, by, why }: Author & { name: string; to: number | undefined },
): Promise<LineVersion> {
  const line = await findLine(store, name);
  const history = await line.versions();
  const current = await line.current();
  const target = rollbackTarget(history, to);
  if (target === undefined) {
    throw new InvalidRunSpec([
      to === undefined
        ? `line "${name}" has never had another society than ${current.society}`
        : `version: line "${name}" has no version ${to}; it has 1 to ${current.number}`,
    ]);
  }
  if (target.society === current.society)
    throw new InvalidRunSpec([`version: ${target.society} of version ${target.number} is current already`]);
  const reason = [`to version ${target.number}`, ...(why === '' ? [] : [why])].join(': ');
  const made = { society: target.society, parent: current.number, run: null, evidence: null } as const;
  return line.append({ ...made, decision: 'rolled back', by, why: reason, at: new Date().toISOString() });
}

async function unfinished(store: ArtifactStore, { record }: FoundSociety): Promise<string[]> {
  const { ended } = await courseOf(new StoredRun(store, record));
  return ended === undefined
    ? [`society: run ${record.runId} is not finished: its societies may still be measured`]
    : [];
}

/** Another base, other agents or another task than the line's. */
function unfit(line: StoredLine, { society, record }: FoundSociety): string[] {
  const specification: RunSpecification = { ...resolveSpecification(line.record.fixed).specification, iterations: 0 };
  const theirs = record.specification;
  const [own, other] = [promptTaskOf(specification.task), promptTaskOf(theirs.task)];
  return [
    ...misfits(pinnedLike(specification, theirs), society, theirs),
    ...(own === other ? [] : [`task: line "${line.name}" is of ${own}, and run ${record.runId} of ${other}`]),
  ];
}

/** Held-out problems that a society has been trained on say nothing of others any more. */
async function trainedOnHeldOut(line: StoredLine, { society }: FoundSociety): Promise<string[]> {
  const trained = await trainedQuestions(line.store, society);
  const heldOut = await line.newestHeldOut();
  const problems = await line.heldOutProblems(heldOut);
  const known = problems.filter(({ question }) => trained.has(normalisedText(question))).length;
  if (known === 0) return [];
  return [
    `society: ${society.runId}@${society.iteration} was trained on ${known} of the ${heldOut.size} held-out problems of line ` +
      `"${line.name}", so its results on them would be memory`,
  ];
}
