/** Reads the problems of a task from its files, row by row. */
import { answerRules, type AnswerType } from '../domain/answers';
import { DatasetError } from '../errors';
import { csvRecords } from './csv';
import type { DataFile } from './data-files';
import { fileText } from './json-lines';
import { jsonRows, rowId } from './json-rows';
import type { FileTask, LoadedRow, Place } from './kinds/definition';
import { loadPools, type PoolsRequest, type ProblemPools } from './problem-pools';
import { subjectFilter } from './subjects';
import type { TaskContext } from './task';

export type FileSettings = PoolsRequest['settings'] & { answerType?: AnswerType; subjects?: string[] };

/** All problems that a specification's files hold. Throws like `Task.draw`. */
export async function loadProblems(
  definition: FileTask,
  settings: FileSettings,
  context: TaskContext,
): Promise<ProblemPools> {
  const { admits, refuseUnknown } = subjectFilter(settings.subjects);
  const { parse } = answerRules[definition.answers ?? settings.answerType!];
  // Over all files: an id that occurs in both splits would make them overlap.
  const places = new Map<string, string>();
  const read = (file: DataFile, idPrefix: string) =>
    rowsOf(definition, { settings, file, idPrefix, parse, admits }, places);
  const layout = { ...definition.layout, kind: definition.kind };
  const pools = await loadPools({ settings, layout, context, read });
  refuseUnknown();
  return pools;
}

type PlaceOfFile = Omit<Place<FileSettings>, 'line' | 'id' | 'refuse'>;

async function* rowsOf(task: FileTask, place: PlaceOfFile, places: Map<string, string>): AsyncGenerator<LoadedRow> {
  const { file } = place;
  for await (const { row, at } of placedRows(task, place)) {
    const loaded = task.problem(row, at as never);
    if ('id' in loaded) {
      const earlier = places.get(loaded.id);
      if (earlier !== undefined) at.refuse(`id ${JSON.stringify(loaded.id)} was in ${earlier} already`);
      places.set(loaded.id, `${file.path}:${at.line}`);
    }
    yield loaded;
  }
}

async function* placedRows(
  { row: schema, csvRow }: FileTask,
  place: PlaceOfFile,
): AsyncGenerator<{ row: unknown; at: Place<FileSettings> }> {
  const { file, idPrefix } = place;
  const onLine = (line: number): Place<FileSettings> => ({
    ...place,
    line,
    id: rowId(idPrefix, line),
    refuse: (problem) => {
      throw new DatasetError(problem, file.path, line);
    },
  });
  if (csvRow === undefined || !/\.csv$/i.test(file.path)) {
    for await (const { row, line } of jsonRows(file.path, schema)) yield { row, at: onLine(line) };
    return;
  }
  for (const { line, fields } of csvRecords(await fileText(file.path), file.path)) {
    const at = onLine(line);
    const row = csvRow(fields, at as never);
    if (row !== undefined) yield { row, at };
  }
}
