/**
 * MMLU (Hendrycks et al. 2021) as it is published: the original headerless CSV (`question, A, B, C, D, letter`) in
 * `auxiliary_train`, `dev`, `val` and `test`, or JSON lines with `{question, choices, answer, subject?}`.
 */
import { z } from 'zod';
import { dataPath, fileTask, namesOf, publishedSplits, type Place } from './definition';
import { multipleChoice, worded } from './wording';

const choice = z.union([z.string(), z.number(), z.boolean()]);
const rowSchema = z.object({
  question: z.string().trim().min(1),
  choices: z.array(choice).min(2).max(26),
  /** Index from 0, or the letter. */
  answer: z.union([z.int().min(0), z.string().trim().min(1)]),
  subject: z.string().nullish(),
});

type Row = z.infer<typeof rowSchema>;

export const mmlu = fileTask({
  settings: z.strictObject({
    kind: z.literal('mmlu'),
    path: dataPath.default('mmlu'),
    subjects: namesOf('subjects such as `abstract_algebra`'),
    ...publishedSplits,
  }),
  answers: 'choice',
  prompts: worded(multipleChoice, 'the letter of your choice'),
  layout: {
    extensions: ['.csv', '.jsonl'],
    expected: 'auxiliary_train/*.csv, dev/*.csv, val/*.csv and test/*.csv, or JSON lines',
  },
  published: {
    title: 'MMLU (Hendrycks et al. 2021): 14,042 test questions in 57 subjects, and auxiliary training questions',
    licence: 'MIT',
    homepage: 'https://github.com/hendrycks/test',
    folder: 'mmlu',
    files: [
      {
        url: 'https://huggingface.co/datasets/cais/mmlu/resolve/main/data.tar',
        sha256: 'bec563ba4bac1d6aaf04141cd7d1605d7a5ca833e38f994051e818489592989b',
        bytes: 166_184_960,
        name: 'data.tar',
      },
    ],
  },
  row: rowSchema,
  csvRow,
  problem(row, { id, admits, refuse }) {
    const { subject, answer, choices } = row;
    if (!admits(subject)) return { leftOut: 'other subjects' };
    const letter =
      letterOf(row) ?? refuse(`answer: ${JSON.stringify(answer)} is not one of the ${choices.length} choices`);
    return { id, question: questionOf(row), answer: letter, ...(subject && { type: subject }) };
  },
});

function csvRow([question = '', ...rest]: string[], { file, line, refuse }: Place<unknown>): Row | undefined {
  const answer = rest.pop() ?? '';
  // Copies of the files have a header.
  if (line === 1 && /^answer$/i.test(answer.trim())) {
    if (/^(?:question|prompt|input)$/i.test(question.trim())) return undefined;
    refuse(`the header begins with ${JSON.stringify(question)}; the first column must be the question`);
  }
  if (rest.length < 2) refuse(`${rest.length + 2} fields; a row is the question, at least two choices, and the letter`);
  if (question.trim() === '') refuse('question: empty');
  // Only the original files say what they are about in their names; those of auxiliary_train are mixed.
  const subject = /([^/]+)_(?:test|dev|val)\.csv$/i.exec(file.name)?.[1];
  return { question: question.trim(), choices: rest, answer: answer.trim(), subject };
}

/** The question with its choices, as it is asked and restated: `A) first`, a line each. */
function questionOf({ question, choices }: Row): string {
  const lines = choices.map((each, index) => `${letterAt(index)}) ${String(each).trim()}`);
  return [question, ...lines].join('\n');
}

function letterOf({ answer, choices }: Row): string | undefined {
  const index =
    typeof answer === 'number' ? answer : /^[A-Z]$/i.test(answer) ? answer.toUpperCase().charCodeAt(0) - 65 : -1;
  return index >= 0 && index < choices.length ? letterAt(index) : undefined;
}

function letterAt(index: number): string {
  return String.fromCharCode(65 + index);
}
