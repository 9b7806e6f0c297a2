/** The grading port for tasks whose equality needs no other process. */
import type { AnswerPair, Grader, Verdict } from '../ports';
import type { AnswerReader } from './task';

/**
 * Grades with the task's own equality. Each side is a parsed answer or a whole solution; a side in which no answer parses
 * equals nothing, and the verdict says so.
 */
export function graderFor(reader: AnswerReader): Grader {
  const { equal } = reader;
  if (equal === undefined) throw new Error(`answers of type ${reader.answerType} cannot be compared in this process`);
  const verdictOn = ({ a, b }: AnswerPair): Verdict => {
    const parsedA = reader.parse(a);
    const parsedB = reader.parse(b);
    if (parsedA !== null && parsedB !== null) return { equal: equal(parsedA, parsedB) };
    return { equal: false, reason: `no answer in ${parsedA === null ? 'a' : 'b'}` };
  };
  return { grade: (pairs) => Promise.resolve(pairs.map(verdictOn)) };
}
