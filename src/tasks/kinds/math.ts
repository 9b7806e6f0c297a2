/**
 * MATH (Hendrycks et al. 2021) as it is published: a folder `train/<subject>/<n>.json` and `test/<subject>/<n>.json` with one
 * problem per file, or the JSON lines copies that are about (`solution`, or `answer` beside it; `type` or `subject`; levels
 * as `Level 3` or 3).
 */
import { z } from 'zod';
import { dataPath, fileTask, namesOf, publishedSplits, type Place } from './definition';
import { mathematics } from './wording';

const rowSchema = z
  .object({
    problem: z.string().trim().min(1).optional(),
    question: z.string().trim().min(1).optional(),
    solution: z.string().optional(),
    answer: z.union([z.string(), z.number()]).nullish(),
    level: z.union([z.string(), z.number()]).nullish(),
    type: z.string().nullish(),
    subject: z.string().nullish(),
  })
  .refine(({ problem, question }) => (problem ?? question) !== undefined, 'problem: missing')
  .refine(({ solution, answer }) => solution !== undefined || answer !== undefined, 'solution: missing');

type Row = z.infer<typeof rowSchema>;

export const math = fileTask({
  settings: z.strictObject({
    kind: z.literal('math'),
    path: dataPath.default('MATH'),
    levels: z
      .array(z.int().min(1).max(5))
      .min(1)
      .default([1, 2, 3])
      .describe('levels of difficulty, as the paper draws them'),
    subjects: namesOf('subjects such as `algebra`'),
    ...publishedSplits,
  }),
  answers: 'math',
  prompts: mathematics,
  layout: {
    extensions: ['.jsonl', '.json'],
    expected: 'train/<subject>/<n>.json and test/<subject>/<n>.json, or train.jsonl and test.jsonl',
  },
  wholeSet: { levels: [1, 2, 3, 4, 5] },
  published: {
    title: 'MATH (Hendrycks et al. 2021): 7,500 training and 5,000 test problems in five levels',
    licence: 'MIT, disputed since January 2025',
    homepage: 'https://github.com/hendrycks/math',
    folder: 'MATH',
    notice:
      'its address is reported as taken down since January 2025 (https://github.com/hendrycks/math/issues/29); docs/tasks.md says how to bring a copy of your own',
    files: [
      {
        url: 'https://people.eecs.berkeley.edu/~hendrycks/MATH.tar',
        sha256: '0fbe4fad0df66942db6c221cdcc95b298cc7f4595a2f0f518360cce84e90d9ac',
        bytes: 20_327_424,
        name: 'MATH.tar',
      },
    ],
  },
  row: rowSchema,
  problem(row, place) {
    const { levels } = place.settings;
    const [type, level] = [row.type ?? row.subject, levelOf(row)];
    if (!place.admits(type)) return { leftOut: 'other subjects' };
    if (level === undefined) return { leftOut: 'no level' };
    if (!levels.includes(level)) return { leftOut: `levels other than ${levels.join(', ')}` };
    const answer = referenceOf(row, place);
    const label = answer === undefined ? {} : { answer };
    return { id: idOf(place), question: row.problem ?? row.question ?? '', ...label, ...(type && { type }), level };
  },
});

/** One problem per file: the file's name is its number in the subject; the prefix holds both. */
function idOf({ file, id, idPrefix }: Place<unknown>): string {
  return /\.json$/i.test(file.name) ? idPrefix : id;
}

/** `Level 3` or 3; a few published problems have `Level ?`. */
function levelOf({ level }: Row): number | undefined {
  const digits = /^(?:level\s*)?([1-5])$/i.exec(String(level ?? '').trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The answer that stands by itself, else what is in the last `\boxed{}` of the solution; `answer: null` alone is no label. */
function referenceOf(row: Row, { parse, refuse }: Place<unknown>): string | undefined {
  const answer = row.answer ?? undefined;
  if (answer === undefined && row.solution === undefined) return undefined;
  const { solution = '' } = row;
  // A lone expression may be anything, `\text{no solution}` for one; in a box it is read as it is.
  const reference = parse(answer === undefined ? solution : `\\boxed{${answer}}`);
  const isMarked = answer !== undefined || /\\(?:boxed|fbox)/.test(solution);
  return reference !== null && isMarked ? reference : refuse('solution: no \\boxed{} with an answer in it');
}
