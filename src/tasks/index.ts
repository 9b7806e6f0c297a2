/** Tasks as they run: what a task's file says, with the machine's files and programs. */
import { answerRules } from '../domain/answers';
import type { Grader } from '../ports';
import { loadProblems, type FileSettings } from './data-sets';
import { drawSplits } from './draw-splits';
import { freshFromPools } from './fresh-problems';
import { definitionOf, promptTaskOf, taskSchema, type TaskKind, type TaskSettings } from './kinds/all';
import type { AnswerReader, Task, TaskContext } from './task';
import { userModule } from './user-module';

export { loadProblems, type FileSettings } from './data-sets';
export type { ProblemPools } from './problem-pools';
export { drawHeldOut } from './line-problems';
export { drawRun, makeTasks, type RunTasks } from './run-tasks';
export { allowTasksOf, givenByUser, taskAccess } from './task-access';
export type { AnswerReader, DrawnProblems, DrawRequest, LabelledProblem, Task, TaskContext } from './task';

/** Reads no data yet: `draw` does. Throws `ConfigError` for a user's own task that does not load. */
export function taskFor(settings: TaskSettings, context: TaskContext): Task {
  if (settings.kind === 'module') return userModule(settings, context);
  const task = definitionOf(settings.kind);
  if (task.source === 'program') throw new Error(`${task.kind} is no program`);
  const answerType = task.answers ?? (settings as FileSettings).answerType!;
  return {
    answerType,
    ...answerRules[answerType],
    kind: settings.kind,
    promptTask: promptTaskOf(settings),
    ...(task.source === 'generated' && task.typedQuestion && { typedQuestion: task.typedQuestion }),
    draw: async (request) => {
      if (task.source === 'generated') return task.draw(settings as never, request);
      const own = settings as FileSettings;
      return drawSplits(await loadProblems(task, own, context), own, request);
    },
    fresh: async (request) => {
      if (task.source === 'generated') return { ...task.fresh(settings as never, request), sources: [], notices: [] };
      return freshFromPools(await loadProblems(task, settings as FileSettings, context), task.kind, request);
    },
  };
}

/** How answers of a task are read and compared, without any problems. Throws like `taskFor`. */
export function readerFor(
  task: { kind: TaskKind; path?: string; answerType?: string },
  context: TaskContext,
): AnswerReader {
  return taskFor(taskSchema.parse(task), context);
}

/** The grading port for answers whose equality needs no other process: the task's own. */
export function graderFor({ answerType, equal }: AnswerReader): Grader {
  if (equal === undefined) throw new Error(`answers of type ${answerType} cannot be compared in this process`);
  return { grade: (pairs) => Promise.all(pairs.map(async ({ a, b }) => ({ equal: await equal(a, b) }))) };
}
