/** Reference answers of `select: reference` (method, section 3): read only where that is asked for by name. */
import { z } from 'zod';
import type { ReferenceVerdict } from '../../domain/selection';
import { DatasetError } from '../../errors';
import type { AnswerReader } from '../../tasks';
import { fileLines, parseLine } from '../json-lines';

const referenceSchema = z.strictObject({ id: z.string().min(1), answer: z.string() });

/** Verdicts from a `references/train.jsonl`. A problem that has no line in it is a `DatasetError` when asked about. */
export async function referenceVerdicts(file: string, reader: AnswerReader): Promise<ReferenceVerdict> {
  const { equal } = reader;
  if (equal === undefined) throw new Error(`answers of type ${reader.answerType} need a grader to be compared`);
  const answers = new Map<string, string>();
  for await (const line of fileLines(file)) {
    if (line.text.trim() === '') continue;
    const { id, answer } = parseLine(referenceSchema, file, line);
    const parsed = reader.parse(answer);
    if (parsed === null) throw new DatasetError(`answer ${JSON.stringify(answer)} does not parse`, file, line.number);
    answers.set(id, parsed);
  }
  return (problemId, answer) => {
    const reference = answers.get(problemId);
    if (reference === undefined)
      throw new DatasetError(`holds no answer of problem ${JSON.stringify(problemId)}`, file);
    return equal(answer, reference);
  };
}
