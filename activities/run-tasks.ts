/** The tasks of a run, checked against the program that it was begun with. */
import type { RunRecord } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import type { Split } from '../src/contract/transcript';
import { digestOf } from '../src/domain/digests';
import { ConfigError } from '../src/errors';
import { promptsFor } from '../src/prompts';
import { makeTasks, type RunTasks } from '../src/tasks/run-tasks';
import type { Task } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';

/** Throws `ConfigError` if this program, or a user's own task module, is not the one that the run was begun with. */
export function tasksOf(
  record: Pick<RunRecord, 'runId' | 'specification' | 'taskDigests' | 'program' | 'versions'>,
  dependencies: Pick<ActivityDependencies, 'task' | 'machine'>,
): RunTasks {
  const { specification, taskDigests } = record;
  const tasks = makeTasks(specification, dependencies.task);
  for (const split of ['train', 'eval'] as const) {
    const [then, now] = [taskDigests?.[split], tasks[split].digest];
    if (then === now) continue;
    throw new ConfigError(
      `the program of the ${split === 'train' ? 'task' : 'evalTask'} has changed since the run began ` +
        `(SHA-256 ${then?.slice(0, 12)}…, now ${now?.slice(0, 12)}…): restore the file, or start another run`,
    );
  }
  refuseOtherProgram(record, programOf(specification, tasks, dependencies));
  return tasks;
}

/**
 * The parts of the program that decide a run's results, each prompt text by itself: a run of two versions would mix answers
 * to different prompts.
 */
export function programOf(
  { method, task, evalTask = task }: Pick<RunSpecification, 'method' | 'task' | 'evalTask'>,
  tasks: RunTasks,
  { machine }: Pick<ActivityDependencies, 'machine'>,
): Record<string, string> {
  const texts = Object.entries(tasks).flatMap(([split, { prompts, promptTask }]: [string, Task]) =>
    Object.entries(promptsFor(method.prompts, { prompts, promptTask })).map(([name, text]) => [
      `the ${split === 'train' ? 'training' : 'evaluation'} prompt "${name}"`,
      digestOf(text ?? null),
    ]),
  );
  const isAskedElsewhere = [tasks.train, tasks.eval].some(({ equal }) => equal === undefined);
  const grader = isAskedElsewhere ? [machine.mathVerify()].map((versions) => [versions, digestOf(versions)]) : [];
  return {
    ...machine.program([...new Set([task.kind, evalTask.kind])]),
    ...Object.fromEntries([...texts, ...grader]),
  };
}

function refuseOtherProgram(
  { runId, program, versions }: Pick<RunRecord, 'runId' | 'program' | 'versions'>,
  here: Record<string, string>,
): void {
  const names = [...new Set([...Object.keys(program ?? {}), ...Object.keys(here)])];
  const different = names.filter((name) => program?.[name] !== here[name]);
  if (different.length === 0) return;
  const what =
    program === undefined
      ? 'its record does not say with which prompts and rules'
      : `different: ${different.join(', ')}`;
  throw new ConfigError(
    `run ${runId} was begun by another version of this program (${what}), and two versions in one run make a wrong ` +
      `result. Go on with a worker of that version (maft ${versions.maft ?? 'unknown'}), or start a new run`,
  );
}

/** Validation problems are of the task trained on: kept apart from evaluation in this, too. */
export function taskOfSplit(tasks: RunTasks, split: Split): Task {
  return split === 'eval' ? tasks.eval : tasks.train;
}

/** What `run.json` keeps to notice a changed program. */
export function digestsOf({ train, eval: evaluation }: RunTasks): NonNullable<RunRecord['taskDigests']> {
  return {
    ...(train.digest === undefined ? {} : { train: train.digest }),
    ...(evaluation.digest === undefined ? {} : { eval: evaluation.digest }),
  };
}
