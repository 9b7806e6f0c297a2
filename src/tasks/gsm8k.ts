/** GSM8K (Cobbe et al. 2021) as it is published: `train.jsonl` and `test.jsonl` with `{question, answer}`. */
import { z } from 'zod';
import type { TaskSettings } from '../contract/task-settings';
import { answerRules } from '../domain/answers';
import type { DataFile, Layout } from './data-files';
import { drawSplits } from './draw-splits';
import { jsonRows, rowId } from './json-rows';
import { loadPools, type LoadedRow, type ProblemPools } from './problem-pools';
import type { Task, TaskContext } from './task';

export type Gsm8kSettings = Extract<TaskSettings, { kind: 'gsm8k' }>;

const layout: Layout = {
  kind: 'gsm8k',
  extensions: ['.jsonl'],
  // Published beside the data: the same problems in another form, and samples of models.
  ignore: /socratic|example_model_solutions/i,
  expected: 'train.jsonl and test.jsonl',
};

const rowSchema = z.object({
  question: z.string().trim().min(1),
  answer: z.union([z.string(), z.number()]).nullable(),
});

const gsm8kAnswers = { answerType: 'number', ...answerRules.number } as const;

export function gsm8k(settings: Gsm8kSettings, context: TaskContext): Task {
  return {
    ...gsm8kAnswers,
    kind: 'gsm8k',
    promptTask: 'gsm8k',
    draw: async (request) => drawSplits(await loadGsm8k(settings, context), settings, request),
  };
}

export function loadGsm8k(settings: Gsm8kSettings, context: TaskContext): Promise<ProblemPools> {
  return loadPools({ settings, layout, context, read: readRows });
}

async function* readRows(file: DataFile, prefix: string): AsyncGenerator<LoadedRow> {
  for await (const { row, line, refuse } of jsonRows(file, rowSchema)) {
    const problem = { id: rowId(prefix, line), question: row.question };
    const answer = row.answer === null ? undefined : referenceOf(String(row.answer));
    if (answer === undefined) yield problem;
    else if (answer === null) refuse('answer: there is no number after ####');
    else yield { ...problem, answer };
  }
}

/** What follows the last `####`; copies of the data that have the bare number instead are fine, too. */
function referenceOf(answer: string): string | null {
  const [reference = '', ...before] = answer.split('####').reverse();
  const isBare = before.length === 0 && /\s/.test(answer.trim());
  return isBare ? null : gsm8kAnswers.parse(reference);
}
