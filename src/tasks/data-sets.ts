/** Reads the problems of a task from its files, row by row; every complaint names file and line. */
import type { z } from 'zod';
import { answerRules, type AnswerType } from '../domain/answers';
import { DatasetError, InvalidRunSpec } from '../errors';
import { csvRecords } from './csv';
import type { DataFile } from './data-files';
import { fileLines, fileText, parseLine } from './json-lines';
import type { FileTask, LoadedRow, Place } from './kinds/definition';
import { loadPools, type PoolsRequest, type ProblemPools } from './problem-pools';
import type { TaskContext } from './task';
import { suggestion } from '../specification/nearest';

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
    id: `${idPrefix}-${String(line).padStart(6, '0')}`,
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

/** Lines from 1; empty ones are skipped. Throws `DatasetError` for one that is not JSON, or not what the schema asks for. */
async function* jsonRows<Row>(path: string, schema: z.ZodType<Row>): AsyncGenerator<{ row: Row; line: number }> {
  const lines = /\.json$/i.test(path) ? [{ number: 1, text: await fileText(path) }] : fileLines(path);
  for await (const line of lines) {
    if (line.text.trim() !== '') yield { row: parseLine(schema, path, line), line: line.number };
  }
}

export interface SubjectFilter {
  admits(subject: string | null | undefined): boolean;
  /** To be called when all is read: throws `InvalidRunSpec` for a subject that no problem has. */
  refuseUnknown(): void;
}

/** `Counting & Probability` and `counting_and_probability` are one subject. */
export function subjectFilter(wanted: readonly string[] | undefined): SubjectFilter {
  const names = wanted?.map(plainName);
  const seen = new Map<string, string>();
  return {
    admits(subject) {
      if (!subject) return names === undefined;
      seen.set(plainName(subject), subject);
      return names === undefined || names.includes(plainName(subject));
    },
    refuseUnknown() {
      const unknown = (wanted ?? []).filter((subject) => !seen.has(plainName(subject)));
      const known = [...seen.values()].sort();
      if (unknown.length === 0) return;
      throw new InvalidRunSpec(
        unknown.map(
          (subject) =>
            `task.subjects: ${JSON.stringify(subject)} is not a subject of these problems${suggestion(subject, known)} ` +
            `(there are: ${known.join(', ') || 'none'})`,
        ),
      );
    },
  };
}

function plainName(subject: string): string {
  return subject
    .toLowerCase()
    .replaceAll('&', 'and')
    .replaceAll(/[^a-z0-9]+/g, '_');
}
