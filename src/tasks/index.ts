/** All tasks by kind. A new one is one file and one line here. */
import type { TaskSettings } from '../contract/specification';
import { arithmetic, arithmeticAnswers } from './arithmetic';
import type { AnswerReader, Task } from './task';

export { graderFor } from './in-process-grader';
export type { AnswerReader, DrawnProblems, LabelledProblem, Task } from './task';

const factories: { [Kind in TaskSettings['kind']]: (settings: Extract<TaskSettings, { kind: Kind }>) => Task } = {
  arithmetic,
};

export const taskKinds = Object.keys(factories) as TaskSettings['kind'][];

export function taskFor(settings: TaskSettings): Task {
  return factories[settings.kind](settings);
}

/** Parser and equality by kind, without any problems. */
export const answerReaders: Record<TaskSettings['kind'], AnswerReader> = { arithmetic: arithmeticAnswers };
