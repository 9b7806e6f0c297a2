/** The rows of a JSON lines file, or the one of a `.json` file, validated; every complaint names file and line. */
import type { z } from 'zod';
import { fileLines, fileText, parseLine } from './json-lines';

/** With their lines, from 1. Empty ones are skipped. Throws `DatasetError` for one that is not JSON, or not of the schema. */
export async function* jsonRows<Row>(path: string, schema: z.ZodType<Row>): AsyncGenerator<{ row: Row; line: number }> {
  const lines = /\.json$/i.test(path) ? [{ number: 1, text: await fileText(path) }] : fileLines(path);
  for await (const line of lines) {
    if (line.text.trim() !== '') yield { row: parseLine(schema, path, line), line: line.number };
  }
}

/** `gsm8k-train-000017`: the id of the problem on a line. */
export function rowId(prefix: string, line: number): string {
  return `${prefix}-${String(line).padStart(6, '0')}`;
}
