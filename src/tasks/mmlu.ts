/**
 * MMLU (Hendrycks et al. 2021) as it is published: the original headerless CSV (`question, A, B, C, D, letter`) in
 * `auxiliary_train`, `dev`, `val` and `test`, or JSON lines with `{question, choices, answer, subject?}`.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import type { TaskSettings } from '../contract/task-settings';
import { answerRules } from '../domain/answers';
import { DatasetError } from '../errors';
import { fileText } from './json-lines';
import { csvRecords } from './csv';
import type { DataFile, Layout } from './data-files';
import { drawSplits } from './draw-splits';
import { jsonRows, rowId } from './json-rows';
import { loadPools, type LoadedRow, type ProblemPools } from './problem-pools';
import { subjectFilter, type SubjectFilter } from './subjects';
import type { AnswerReader, Task, TaskContext } from './task';

export type MmluSettings = Extract<TaskSettings, { kind: 'mmlu' }>;

const layout: Layout = {
  kind: 'mmlu',
  extensions: ['.csv', '.jsonl'],
  expected: 'auxiliary_train/*.csv, dev/*.csv, val/*.csv and test/*.csv, or JSON lines',
};

const choice = z.union([z.string(), z.number(), z.boolean()]);
const rowSchema = z.object({
  question: z.string().trim().min(1),
  choices: z.array(choice).min(2).max(26),
  /** Index from 0, or the letter. */
  answer: z.union([z.int().min(0), z.string().trim().min(1)]),
  subject: z.string().nullish(),
});

type Row = z.infer<typeof rowSchema>;
interface PlacedRow {
  row: Row;
  line: number;
  refuse(problem: string): never;
}

const mmluAnswers: AnswerReader = { answerType: 'choice', ...answerRules.choice };

export function mmlu(settings: MmluSettings, context: TaskContext): Task {
  return {
    ...mmluAnswers,
    kind: 'mmlu',
    promptTask: 'mmlu',
    draw: async (request) => drawSplits(await loadMmlu(settings, context), settings, request),
  };
}

export async function loadMmlu(settings: MmluSettings, context: TaskContext): Promise<ProblemPools> {
  const subjects = subjectFilter(settings.subjects);
  const read = (file: DataFile, prefix: string) => readRows(file, prefix, subjects);
  const pools = await loadPools({ settings, layout, context, read });
  subjects.refuseUnknown();
  return pools;
}

async function* readRows(file: DataFile, prefix: string, subjects: SubjectFilter): AsyncGenerator<LoadedRow> {
  const rows: AsyncIterable<PlacedRow> = /\.csv$/i.test(file.path) ? csvRows(file) : jsonRows(file, rowSchema);
  for await (const { row, line, refuse } of rows) {
    const { subject } = row;
    if (!(subject ? subjects.admits(subject) : subjects.admitsUnnamed)) yield { leftOut: 'other subjects' };
    else {
      const answer =
        letterOf(row) ??
        refuse(`answer: ${JSON.stringify(row.answer)} is not one of the ${row.choices.length} choices`);
      yield { id: rowId(prefix, line), question: questionOf(row), answer, ...(subject ? { type: subject } : {}) };
    }
  }
}

async function* csvRows(file: DataFile): AsyncGenerator<PlacedRow> {
  const text = await fileText(file.path);
  // Only the original files say what they are about in their names; those of auxiliary_train are mixed.
  const subject = /^(.+)_(?:test|dev|val)\.csv$/i.exec(basename(file.path))?.[1];
  for (const { line, fields } of csvRecords(text, file.path)) {
    const refuse = (problem: string): never => {
      throw new DatasetError(problem, file.path, line);
    };
    const [question = '', ...rest] = fields;
    const answer = rest.pop() ?? '';
    // Copies of the files have a header.
    if (line === 1 && /^answer$/i.test(answer.trim())) {
      if (/^(?:question|prompt|input)$/i.test(question.trim())) continue;
      refuse(`the header begins with ${JSON.stringify(question)}; the first column must be the question`);
    }
    if (rest.length < 2) refuse(`${fields.length} fields; a row is the question, at least two choices, and the letter`);
    if (question.trim() === '') refuse('question: empty');
    yield { row: { question: question.trim(), choices: rest, answer: answer.trim(), subject }, line, refuse };
  }
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
