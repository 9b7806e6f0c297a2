/**
 * MATH (Hendrycks et al. 2021) as it is published: a folder `train/<subject>/<n>.json` and `test/<subject>/<n>.json` with one
 * problem per file, or the JSON lines copies that are about (`solution`, or `answer` beside it; `type` or `subject`; levels
 * as `Level 3` or 3).
 */
import { basename } from 'node:path';
import { z } from 'zod';
import type { TaskSettings } from '../contract/task-settings';
import { answerRules } from '../domain/answers';
import type { DataFile, Layout } from './data-files';
import { drawSplits } from './draw-splits';
import { jsonRows, rowId, type PlacedRow } from './json-rows';
import { loadPools, type LoadedRow, type ProblemPools } from './problem-pools';
import { subjectFilter, type SubjectFilter } from './subjects';
import type { Task, TaskContext } from './task';

export type MathSettings = Extract<TaskSettings, { kind: 'math' }>;

const layout: Layout = {
  kind: 'math',
  extensions: ['.jsonl', '.json'],
  expected: 'train/<subject>/<n>.json and test/<subject>/<n>.json, or train.jsonl and test.jsonl',
};

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

const mathAnswers = { answerType: 'math', ...answerRules.math } as const;

export function math(settings: MathSettings, context: TaskContext): Task {
  return {
    ...mathAnswers,
    kind: 'math',
    promptTask: 'math',
    draw: async (request) => drawSplits(await loadMath(settings, context), settings, request),
  };
}

export async function loadMath(settings: MathSettings, context: TaskContext): Promise<ProblemPools> {
  const subjects = subjectFilter(settings.subjects);
  const pools = await loadPools({
    settings,
    layout,
    context,
    read: (file, prefix) => readRows(file, prefix, settings, subjects),
  });
  subjects.refuseUnknown();
  return pools;
}

async function* readRows(
  file: DataFile,
  prefix: string,
  { levels }: MathSettings,
  subjects: SubjectFilter,
): AsyncGenerator<LoadedRow> {
  for await (const placed of jsonRows(file, rowSchema)) {
    const { row, line } = placed;
    const [type, level] = [row.type ?? row.subject ?? undefined, levelOf(row)];
    const isWanted = type === undefined ? subjects.admitsUnnamed : subjects.admits(type);
    if (!isWanted) yield { leftOut: 'other subjects' };
    else if (level === undefined) yield { leftOut: 'no level' };
    else if (!levels.includes(level)) yield { leftOut: `levels other than ${levels.join(', ')}` };
    else {
      const question = row.problem ?? row.question ?? '';
      const answer = referenceOf(placed);
      const label = answer === undefined ? {} : { answer };
      yield { id: idOf(file, prefix, line), question, ...label, ...(type && { type }), level };
    }
  }
}

/** One problem per file: the file's name is its number in the subject; the prefix holds both. */
function idOf(file: DataFile, prefix: string, line: number): string {
  return /\.json$/i.test(basename(file.path)) ? prefix : rowId(prefix, line);
}

/** `Level 3` or 3; a few published problems have `Level ?`. */
function levelOf({ level }: Row): number | undefined {
  const digits = /^(?:level\s*)?([1-5])$/i.exec(String(level ?? '').trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The answer that stands by itself, else what is in the last `\boxed{}` of the solution; `answer: null` alone is no label. */
function referenceOf({ row, refuse }: PlacedRow<Row>): string | undefined {
  const answer = row.answer ?? undefined;
  if (answer === undefined && row.solution === undefined) return undefined;
  const { solution = '' } = row;
  // A lone expression may be anything, `\text{no solution}` for one; in a box it is read as it is.
  const reference = mathAnswers.parse(answer === undefined ? solution : `\\boxed{${answer}}`);
  const isMarked = answer !== undefined || /\\(?:boxed|fbox)/.test(solution);
  return reference !== null && isMarked ? reference : refuse('solution: no \\boxed{} with an answer in it');
}
