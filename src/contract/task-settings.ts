/** What a specification says of a task: which problems, from which files, how many. Part of the run specification's schema. */
import { z } from 'zod';

const problemCount = z.int().min(1).max(1_000_000);

const counts = {
  train: problemCount.default(500),
  eval: problemCount.default(500),
  problems: z.enum(['fixed', 'fresh']).default('fixed').describe('fresh: other training problems in each iteration'),
};

const folderOrFile = 'a folder or a file; relative to the specification’s file, or to MAFT_DATA of the worker';
/** Data sets whose published folder says which problems are for training and which for testing. */
const published = {
  splits: z
    .enum(['published', 'test'])
    .default('published')
    .describe(
      'published: training from the train files, evaluation from the test files; test: both from the test files',
    ),
  ...counts,
};
const names = (what: string) =>
  z.array(z.string().min(1)).min(1).optional().describe(`${what} to draw from; all by default`);

/** How the answers of a user's own data are read and compared. */
export const dataAnswerTypes = ['number', 'math', 'choice', 'text', 'integer'] as const;

export const taskSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('arithmetic'),
    max: z.int().min(2).max(10_000).default(30),
    heldOut: z
      .boolean()
      .default(false)
      .describe('draw only from the tenth of all problems that models/tiny-arithmetic never saw in pretraining'),
    ...counts,
  }),
  z.strictObject({
    kind: z.literal('gsm8k'),
    path: z.string().min(1).default('gsm8k').describe(folderOrFile),
    ...published,
  }),
  z.strictObject({
    kind: z.literal('math'),
    path: z.string().min(1).default('MATH').describe(folderOrFile),
    levels: z
      .array(z.int().min(1).max(5))
      .min(1)
      .default([1, 2, 3])
      .describe('levels of difficulty, as the paper draws them'),
    subjects: names('subjects such as `algebra`'),
    ...published,
  }),
  z.strictObject({
    kind: z.literal('mmlu'),
    path: z.string().min(1).default('mmlu').describe(folderOrFile),
    subjects: names('subjects such as `abstract_algebra`'),
    ...published,
  }),
  z.strictObject({
    kind: z.literal('jsonl'),
    path: z.string().min(1).describe(folderOrFile),
    answerType: z.enum(dataAnswerTypes).describe('how answers are read and compared'),
    ...published,
  }),
  z.strictObject({
    kind: z.literal('module'),
    module: z.string().min(1).optional().describe("a name among `taskModules` of the worker's config.yaml"),
    path: z
      .string()
      .min(1)
      .optional()
      .describe('instead of `module`: a CommonJS file, for workers on the machine of `maft run`'),
    options: z.record(z.string(), z.unknown()).default({}).describe("handed to the module's load()"),
    ...counts,
  }),
]);

export type TaskSettings = z.infer<typeof taskSchema>;
export type TaskKind = TaskSettings['kind'];
