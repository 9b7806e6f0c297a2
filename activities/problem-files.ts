/**
 * The files of a run's problems and of their reference answers: written when it begins, and drawn again if one is lost.
 * Reference answers are written here and read in references.ts only.
 */
import { formatLines, isStored, publishLines } from '../src/artifacts/lines';
import type { ArtifactReference, RunRecord, SplitReferences } from '../src/contract/run';
import { validationSplit, type Split } from '../src/contract/transcript';
import { sha256 } from '../src/domain/digests';
import { runKeys } from '../src/domain/keys';
import { ArtifactError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';
import { findLine } from '../src/stored-runs/stored-line';
import { drawRun, type RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems, LabelledProblem } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { drawOfSkipped, drawOnLine } from './line-runs';
import { tasksOf } from './run-tasks';

type Publish = (key: string, lines: readonly object[]) => Promise<ArtifactReference>;
type Files = Pick<RunRecord, 'problems' | 'references'>;

/** Keeps problems and reference answers apart, so code that must not see labels cannot read them by accident. */
export async function publishProblems(store: ArtifactStore, runId: string, drawn: DrawnProblems): Promise<Files> {
  return publishFiles(runId, drawn, (key, lines) => publishLines(store, key, lines));
}

/** Draws lost files again. Throws `ArtifactError` if the result differs from the problems that the run began with. */
export async function remakeProblems(dependencies: ActivityDependencies, record: RunRecord): Promise<void> {
  const { store } = dependencies;
  const tasks = tasksOf(record, dependencies);
  const wanted = [record.problems, record.references].flatMap(referencesOf);
  const stored = await Promise.all(wanted.map((reference) => isStored(store, reference)));
  if (stored.every((each) => each)) return;
  await publishFiles(record.runId, await drawAgain(store, record, tasks), async (key, lines) => {
    const content = formatLines(lines);
    const reference = wanted.find(({ sha256: recorded }) => recorded === sha256(content));
    if (reference !== undefined) return (await store.publish(reference.key, content)).reference;
    throw new ArtifactError(
      'is missing from the store, and drawn again it holds other problems: the data have changed since the run began. ' +
        'Restore the file, or the data as they were, or start a new run',
      key,
    );
  });
}

async function drawAgain(store: ArtifactStore, record: RunRecord, tasks: RunTasks): Promise<DrawnProblems> {
  if (record.line === undefined) return drawRun(tasks, record.specification);
  const start = { line: await findLine(store, record.line.name), at: record.line };
  return record.plan.skipped === undefined ? drawOnLine({ ...record, tasks, start }) : drawOfSkipped(start);
}

async function publishFiles(runId: string, drawn: DrawnProblems, publish: Publish): Promise<Files> {
  const problemKey = (split: Split, iteration?: number) => runKeys.problems(runId, split, iteration);
  const referenceKey = (split: Split, iteration?: number) => runKeys.references(runId, split, iteration);
  const withoutAnswer = ({ answer: _, ...problem }: LabelledProblem) => problem;
  const answerOnly = ({ id, answer }: LabelledProblem) => ({ id, answer });
  return {
    problems: await publishSplits(drawn, problemKey, (key, problems) => publish(key, problems.map(withoutAnswer))),
    references: await publishSplits(withReferences(drawn), referenceKey, (key, problems) =>
      publish(key, problems.map(answerOnly)),
    ),
  };
}

/** One file for evaluation, and one for training or, with `problems: fresh`, one per iteration. */
async function publishSplits(
  drawn: DrawnProblems,
  keyOf: (split: Split, iteration?: number) => string,
  publish: (key: string, problems: LabelledProblem[]) => Promise<ArtifactReference>,
): Promise<SplitReferences> {
  const evaluation = await publish(keyOf('eval'), drawn.eval);
  const validation =
    drawn.validation === undefined ? {} : { validation: await publish(keyOf(validationSplit), drawn.validation) };
  const [first] = drawn.train;
  if (first !== undefined && drawn.train.every((problems) => problems === first)) {
    const training = await publish(keyOf('train'), first);
    return { eval: evaluation, train: drawn.train.map(() => training), ...validation };
  }
  const train = drawn.train.map((problems, index) => publish(keyOf('train', index + 1), problems));
  return { eval: evaluation, train: await Promise.all(train), ...validation };
}

/** One list per file, shared if the problems are the same: fixed training problems are written once. */
function withReferences(drawn: DrawnProblems): DrawnProblems {
  const labelled = new Map<LabelledProblem[], LabelledProblem[]>();
  const onlyLabelled = (problems: LabelledProblem[]): LabelledProblem[] => {
    const known = labelled.get(problems) ?? problems.filter(({ answer }) => answer !== undefined);
    labelled.set(problems, known);
    return known;
  };
  return { ...drawn, eval: onlyLabelled(drawn.eval), train: drawn.train.map(onlyLabelled) };
}

function referencesOf({ eval: evaluation, train, validation }: SplitReferences): ArtifactReference[] {
  return [evaluation, ...new Set(train), ...(validation === undefined ? [] : [validation])];
}
