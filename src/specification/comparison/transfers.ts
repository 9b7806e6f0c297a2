/**
 * Zero-shot transfer in a comparison: a method that names a task to train on (`trainOn`) is an ordinary run in that task's
 * column; in every other column the society so trained answers that column's problems.
 */
import type { ComparedRun } from '../../contract/comparison';
import { InvalidRunSpec } from '../../errors';
import { isUntuned } from '../../domain/readings';
import { suggestion } from '../nearest';
import type { PlainObject } from '../plain-objects';
import { shownValue } from '../problems';
import type { DerivedMethod } from './groups';
import type { MethodEntry } from './methods';
import type { ComparedTask } from './tasks';
import { startingFrom } from './teachers';

/**
 * Most runs of one seed if methods have a `trainOn` or a `teacher`: the runs of a seed are then made in order, so one workflow history
 * has to hold all of them (a dozen events each).
 */
const mostRunsInOrder = 300;

/** The task fields of one method's run in one column. */
export function taskFieldsOf(
  { trainOn }: MethodEntry,
  column: ComparedTask,
  tasks: readonly ComparedTask[],
): PlainObject {
  const trained = tasks.find(({ name }) => name === trainOn);
  if (trained === undefined || trained.name === column.name) return { task: column.settings };
  return { task: trained.settings, evalTask: column.settings };
}

/** Whether the method's run in that column answers problems of a task that it was not trained on. */
export function isTransferred({ trainOn }: Pick<MethodEntry, 'trainOn'>, column: string): boolean {
  return trainOn !== undefined && trainOn !== column;
}

export function refuseUnknownTrainingTasks(entries: readonly MethodEntry[], tasks: readonly ComparedTask[]): void {
  const names = tasks.map(({ name }) => name);
  const problems = entries.flatMap(({ trainOn }, index) =>
    trainOn === undefined || names.includes(trainOn)
      ? []
      : [
          `methods.${index}.trainOn: ${shownValue(trainOn)} is not one of the tasks${suggestion(trainOn, names)} (${names.join(', ')})`,
        ],
  );
  if (problems.length > 0) throw new InvalidRunSpec(problems);
}

/** Refuses `trainOn` for methods without training. */
export function refuseUntunedTransfers(entries: readonly MethodEntry[], derived: readonly DerivedMethod[]): void {
  const problems = entries.flatMap(({ name, trainOn }, index) => {
    const untuned = derived.some((method) => method.name === name && isUntuned(method.specification));
    return trainOn !== undefined && untuned
      ? [
          `methods.${index}.trainOn: ${shownValue(trainOn)} is impossible: "${name}" does not train (method.weights none)`,
        ]
      : [];
  });
  if (problems.length > 0) throw new InvalidRunSpec(problems);
}

/** The history of one seed's runs has to stay far below the server's limits. */
export function refuseTooManyInOrder(entries: readonly MethodEntry[], tasks: readonly ComparedTask[]): void {
  const runs = entries.length * tasks.length;
  if (runs <= mostRunsInOrder || entries.every(({ trainOn, teacher }) => (trainOn ?? teacher) === undefined)) return;
  throw new InvalidRunSpec([
    `methods: ${runs} runs for each seed (${entries.length} methods on ${tasks.length} tasks); with \`trainOn\` or \`teacher\` at most ${mostRunsInOrder}`,
  ]);
}

/**
 * A method's specification changed for another task: its run follows the one that trains, and only measures the society
 * that this one ended with.
 */
export function transferredSettings(raw: PlainObject, trained: Pick<ComparedRun, 'runId'>): PlainObject {
  return { ...startingFrom(raw, trained.runId), iterations: 0 };
}
