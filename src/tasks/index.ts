/** All tasks by kind. A new one is one file and one line here. */
import { taskSchema, type TaskKind, type TaskSettings } from '../contract/task-settings';
import { arithmetic } from './arithmetic';
import { gsm8k, loadGsm8k } from './gsm8k';
import { jsonl, loadJsonl } from './jsonl';
import { loadMath, math } from './math';
import { loadMmlu, mmlu } from './mmlu';
import type { ProblemPools } from './problem-pools';
import type { AnswerReader, Task, TaskContext } from './task';
import { userModule } from './user-module';

export { publicData, type PublicData, type PublicFile } from './catalogue';
export { graderFor } from './in-process-grader';
export type { ProblemPools } from './problem-pools';
export { drawRun, makeTasks, type RunTasks } from './run-tasks';
export { allowTasksOf, givenByUser, taskAccess } from './task-access';
export type { AnswerReader, DrawnProblems, DrawRequest, LabelledProblem, Task, TaskContext } from './task';

type SettingsOf<Kind extends TaskKind> = Extract<TaskSettings, { kind: Kind }>;
type Factories = { [Kind in TaskKind]: (settings: SettingsOf<Kind>, context: TaskContext) => Task };

const factories: Factories = { arithmetic, gsm8k, math, mmlu, jsonl, module: userModule };

export const taskKinds = Object.keys(factories) as TaskKind[];

/** Reads no data yet: `draw` does. Throws `ConfigError` for a user's own task that does not load. */
export function taskFor(settings: TaskSettings, context: TaskContext): Task {
  const factory = factories[settings.kind] as (settings: TaskSettings, context: TaskContext) => Task;
  return factory(settings, context);
}

/** Kinds whose problems are in files of a fixed format. */
export type DataKind = 'gsm8k' | 'math' | 'mmlu' | 'jsonl';

/** All problems that a specification's files hold, for `maft data`. Throws like `draw`. */
export function loadProblems(settings: SettingsOf<DataKind>, context: TaskContext): Promise<ProblemPools> {
  switch (settings.kind) {
    case 'gsm8k':
      return loadGsm8k(settings, context);
    case 'math':
      return loadMath(settings, context);
    case 'mmlu':
      return loadMmlu(settings, context);
    case 'jsonl':
      return loadJsonl(settings, context);
  }
}

/** How answers of a task are read and compared, without any problems. Throws like `taskFor`. */
export function readerFor(
  task: { kind: TaskKind; path?: string; answerType?: string },
  context: TaskContext,
): AnswerReader {
  return taskFor(taskSchema.parse(task), context);
}
