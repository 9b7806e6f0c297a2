/** The tasks of a run: the one it trains on and the one it is evaluated on, usually one and the same. */
import type { RunSpecification } from '../contract/specification';
import type { TaskSettings } from './kinds/all';
import { validationProblems } from '../domain/stopping';
import { normalisedText } from '../domain/normalised-text';
import type { DrawnProblems, Task, AnswerReader } from './task';
import type { PromptSettings } from '../contract/method';
import { answerInMessage } from '../domain/answers';
import { messageForm } from '../prompts';

export interface RunTasks {
  train: Task;
  eval: Task;
}

/** Reads no problems yet. Throws `ConfigError` for a user's own task that does not load. */
export function makeTasks(
  { task, evalTask, method }: Pick<RunSpecification, 'task' | 'evalTask' | 'method'>,
  taskOf: (settings: TaskSettings) => Task,
): RunTasks {
  const made = (settings: TaskSettings) => readingMessages(taskOf(settings), method.prompts);
  const train = made(task);
  return { train, eval: evalTask === undefined ? train : made(evalTask) };
}

/**
 * Draws all problems of a run. With `evalTask`, the evaluation problems are those of a run on that task with the same
 * seed, and the training problems those of a run on `task`, without any question that both share.
 */
export async function drawRun(
  tasks: RunTasks,
  { seed, iterations, evalTask, stopWhen }: RunSpecification,
): Promise<DrawnProblems> {
  const validation = validationProblems(stopWhen);
  if (evalTask === undefined) return tasks.train.draw({ seed, iterations, validation });
  const evaluation = await tasks.eval.draw({ seed, iterations: 0 });
  const evaluatedElsewhere = new Set(evaluation.eval.map(({ question }) => normalisedText(question)));
  const training = await tasks.train.draw({ seed, iterations, evaluatedElsewhere, validation });
  return {
    eval: evaluation.eval,
    train: training.train,
    validation: training.validation,
    sources: [
      ...(training.sources ?? []).filter(({ split }) => split === 'train'),
      ...(evaluation.sources ?? []).filter(({ split }) => split === 'eval'),
    ],
    notices: [
      `trained on ${tasks.train.kind}, evaluated on ${tasks.eval.kind}`,
      ...(training.notices ?? []),
      ...(evaluation.notices ?? []),
    ],
  };
}

/** The reader itself for prose; for JSON one that reads the object's `answer` as the task reads a marked answer. */
export function readingMessages<Reader extends AnswerReader>(reader: Reader, prompts: PromptSettings): Reader {
  if (messageForm(prompts) === 'prose') return reader;
  const parse = (response: string) => {
    const answer = answerInMessage(response);
    // In a box, so that a text or a formula is taken whole.
    return answer === null ? null : reader.parse(`\\boxed{${answer}}`);
  };
  return { ...reader, parse };
}
