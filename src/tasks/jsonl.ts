/** A user's own data: JSON lines with `{id?, question, answer?, type?, level?}`; the specification says how answers are compared. */
import { z } from 'zod';
import type { TaskSettings } from '../contract/task-settings';
import { answerRules, holdsSeveralNumbers, marksAnswer, type AnswerRules, type AnswerType } from '../domain/answers';
import { DatasetError } from '../errors';
import { promptTaskOf } from '../prompts';
import type { DataFile, Layout } from './data-files';
import { drawSplits } from './draw-splits';
import { jsonRows, rowId, type PlacedRow } from './json-rows';
import { loadPools, type LoadedRow, type ProblemPools } from './problem-pools';
import type { Task, TaskContext } from './task';

export type JsonlSettings = Extract<TaskSettings, { kind: 'jsonl' }>;

const layout: Layout = { kind: 'jsonl', extensions: ['.jsonl'], expected: 'train.jsonl and test.jsonl, or one file' };

const rowSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).nullish(),
  question: z.string().trim().min(1),
  answer: z.union([z.string(), z.number(), z.boolean()]).nullish(),
  type: z.string().min(1).nullish(),
  level: z.number().nullish(),
});

type Row = z.infer<typeof rowSchema>;

type Reader = AnswerRules & { answerType: AnswerType };

function jsonlAnswers(answerType: JsonlSettings['answerType']): Reader {
  return { answerType, ...answerRules[answerType] };
}

export function jsonl(settings: JsonlSettings, context: TaskContext): Task {
  return {
    ...jsonlAnswers(settings.answerType),
    kind: 'jsonl',
    promptTask: promptTaskOf(settings),
    draw: async (request) => drawSplits(await loadJsonl(settings, context), settings, request),
  };
}

export function loadJsonl(settings: JsonlSettings, context: TaskContext): Promise<ProblemPools> {
  const reader = jsonlAnswers(settings.answerType);
  // Over all files: an id that occurs in both splits would make them overlap.
  const places = new Map<string, string>();
  return loadPools({ settings, layout, context, read: (file, prefix) => readRows(file, prefix, reader, places) });
}

async function* readRows(
  file: DataFile,
  prefix: string,
  reader: Reader,
  places: Map<string, string>,
): AsyncGenerator<LoadedRow> {
  for await (const placed of jsonRows(file, rowSchema)) {
    const { row, line } = placed;
    const id = row.id === undefined || row.id === null ? rowId(prefix, line) : String(row.id);
    const earlier = places.get(id);
    if (earlier !== undefined)
      throw new DatasetError(`id ${JSON.stringify(id)} was in ${earlier} already`, file.path, line);
    places.set(id, `${file.path}:${line}`);
    const { type, level } = row;
    yield {
      id,
      question: row.question,
      ...referenceOf(placed, reader),
      ...(type && { type }),
      ...(typeof level === 'number' && { level }),
    };
  }
}

/** Empty if the row has no answer: such a problem can train without a label. */
function referenceOf({ row, refuse }: PlacedRow<Row>, reader: Reader): { answer?: string } {
  if (row.answer === undefined || row.answer === null || row.answer === '') return {};
  if (typeof row.answer === 'number' && Number.isInteger(row.answer) && !Number.isSafeInteger(row.answer)) {
    refuse(`answer: ${row.answer} has more digits than JSON numbers keep; write it as a string`);
  }
  const given = String(row.answer);
  const isNumber = reader.answerType === 'number' || reader.answerType === 'integer';
  if (isNumber && !marksAnswer(given) && holdsSeveralNumbers(given)) {
    refuse(`answer: ${JSON.stringify(given)} holds several numbers; give one, or mark it with #### or \\boxed{}`);
  }
  // A lone expression may be anything; in a box it is read as it is.
  const answer = reader.parse(reader.answerType === 'math' ? `\\boxed{${given}}` : given);
  return answer === null
    ? refuse(`answer: ${JSON.stringify(row.answer)} is not a valid ${reader.answerType}`)
    : { answer };
}
