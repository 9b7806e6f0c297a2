/** GSM8K (Cobbe et al. 2021) as it is published: `train.jsonl` and `test.jsonl` with `{question, answer}`. */
import { z } from 'zod';
import { dataPath, fileTask, publishedSplits, type Place } from './definition';
import { worded, wordProblem } from './wording';

const files =
  'https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data';

export const gsm8k = fileTask({
  settings: z.strictObject({ kind: z.literal('gsm8k'), path: dataPath.default('gsm8k'), ...publishedSplits }),
  answers: 'number',
  prompts: worded(wordProblem, 'the number'),
  layout: {
    extensions: ['.jsonl'],
    // Published beside the data: the same problems in another form, and samples of models.
    ignore: /socratic|example_model_solutions/i,
    expected: 'train.jsonl and test.jsonl',
  },
  published: {
    title: 'GSM8K (Cobbe et al. 2021): 7,473 training and 1,319 test problems',
    licence: 'MIT',
    homepage: 'https://github.com/openai/grade-school-math',
    folder: 'gsm8k',
    files: [
      {
        url: `${files}/train.jsonl`,
        sha256: '17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465',
        bytes: 4_166_206,
        name: 'train.jsonl',
      },
      {
        url: `${files}/test.jsonl`,
        sha256: '3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14',
        bytes: 749_738,
        name: 'test.jsonl',
      },
    ],
  },
  row: z.object({
    question: z.string().trim().min(1),
    answer: z.union([z.string(), z.number()]).nullable(),
  }),
  problem({ question, answer }, { id, parse, refuse }) {
    if (answer === null) return { id, question };
    return {
      id,
      question,
      answer: referenceOf(String(answer), parse) ?? refuse('answer: there is no number after ####'),
    };
  },
});

/** What follows the last `####`; copies of the data that have the bare number instead are fine, too. */
function referenceOf(answer: string, parse: Place<unknown>['parse']): string | null {
  const [reference = '', ...before] = answer.split('####').reverse();
  const isBare = before.length === 0 && /\s/.test(answer.trim());
  return isBare ? null : parse(reference);
}
