/** The rows of a JSON lines file, or the one of a `.json` file, validated; every complaint names file and line. */
import type { z } from 'zod';
import { DatasetError } from '../errors';
import { fileLines, fileText, parseLine } from './json-lines';
import type { DataFile } from './data-files';

export interface PlacedRow<Row> {
  row: Row;
  /** 1-based. */
  line: number;
  /** Raises a `DatasetError` at this row. */
  refuse(problem: string): never;
}

/** Empty lines are skipped. Throws `DatasetError` if a line is not JSON, or not what the schema asks for. */
export async function* jsonRows<Row>(file: DataFile, schema: z.ZodType<Row>): AsyncGenerator<PlacedRow<Row>> {
  const isSingle = file.path.toLowerCase().endsWith('.json');
  for await (const line of isSingle ? wholeFile(file.path) : fileLines(file.path)) {
    if (line.text.trim() === '') continue;
    const refuse = (problem: string): never => {
      throw new DatasetError(problem, file.path, line.number);
    };
    yield { row: parseLine(schema, file.path, line), line: line.number, refuse };
  }
}

async function* wholeFile(path: string): AsyncGenerator<{ number: number; text: string }> {
  yield { number: 1, text: await fileText(path) };
}

/** `gsm8k-train-000017`: the id of the problem on a line. */
export function rowId(prefix: string, line: number): string {
  return `${prefix}-${String(line).padStart(6, '0')}`;
}
