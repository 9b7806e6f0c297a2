/** The grading port for answers whose equality needs no other process. */
import type { Grader } from '../ports';
import type { AnswerReader } from './task';

/** Compares parsed answers by the task's own equality. */
export function graderFor({ answerType, equal }: AnswerReader): Grader {
  if (equal === undefined) throw new Error(`answers of type ${answerType} cannot be compared in this process`);
  return { grade: (pairs) => Promise.all(pairs.map(async ({ a, b }) => ({ equal: await equal(a, b) }))) };
}
