/** A user's own data: JSON lines with `{id?, question, answer?, type?, level?}`; the specification says how answers are compared. */
import { z } from 'zod';
import { answerTypes, holdsSeveralNumbers, marksAnswer, type AnswerType } from '../../domain/answers';
import { dataPath, fileTask, publishedSplits, type Place } from './definition';
import { mathematics, multipleChoice, shortText, worded, wordProblem } from './wording';

const rowSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).nullish(),
  question: z.string().trim().min(1),
  answer: z.union([z.string(), z.number(), z.boolean()]).nullish(),
  type: z.string().min(1).nullish(),
  level: z.number().nullish(),
});

type Row = z.infer<typeof rowSchema>;

export const jsonl = fileTask({
  settings: z.strictObject({
    kind: z.literal('jsonl'),
    path: dataPath,
    answerType: z.enum(answerTypes).describe('how answers are read and compared'),
    ...publishedSplits,
  }),
  // Asked like the public set with the same kind of answer.
  prompts: {
    number: worded(wordProblem, 'the number'),
    math: mathematics,
    choice: worded(multipleChoice, 'the letter of your choice'),
    text: worded(shortText, 'the answer'),
    integer: worded(wordProblem, 'the integer'),
  },
  about:
    'your own: JSON lines with {id?, question, answer?, type?, level?}\n' +
    '  npx maft data --task jsonl --path FILE --answer-type number checks them',
  layout: { extensions: ['.jsonl'], expected: 'train.jsonl and test.jsonl, or one file' },
  row: rowSchema,
  problem(row, place) {
    const { question, type, level } = row;
    return {
      id: String(row.id ?? place.id),
      question,
      ...referenceOf(row, place),
      ...(type && { type }),
      ...(typeof level === 'number' && { level }),
    };
  },
});

/** Empty if the row has no answer: such a problem can train without a label. */
function referenceOf(
  row: Row,
  { settings: { answerType }, parse, refuse }: Place<{ answerType: AnswerType }>,
): { answer?: string } {
  if (row.answer === undefined || row.answer === null || row.answer === '') return {};
  if (typeof row.answer === 'number' && Number.isInteger(row.answer) && !Number.isSafeInteger(row.answer)) {
    refuse(`answer: ${row.answer} has more digits than JSON numbers keep; write it as a string`);
  }
  const given = String(row.answer);
  const isNumber = answerType === 'number' || answerType === 'integer';
  if (isNumber && !marksAnswer(given) && holdsSeveralNumbers(given)) {
    refuse(`answer: ${JSON.stringify(given)} holds several numbers; give one, or mark it with #### or \\boxed{}`);
  }
  // A lone expression may be anything; in a box it is read as it is.
  const answer = parse(answerType === 'math' ? `\\boxed{${given}}` : given);
  return { answer: answer ?? refuse(`answer: ${JSON.stringify(row.answer)} is not a valid ${answerType}`) };
}
