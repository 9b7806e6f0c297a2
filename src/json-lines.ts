/** JSON lines in and out, as streams: a file may be larger than memory. */
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { type z } from 'zod';
import { DatasetError } from './errors';

export interface NumberedLine {
  /** 1-based. */
  number: number;
  text: string;
}

/** The lines of a file. A file that cannot be read is a `DatasetError`. */
export async function* fileLines(file: string): AsyncGenerator<NumberedLine> {
  try {
    yield* streamLines(createReadStream(file, { highWaterMark: 2 ** 20 }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof DatasetError) throw error;
    throw new DatasetError(`cannot be read (${code})`, file);
  }
}

/**
 * Splits at `\n` only. (`node:readline` also splits at U+2028, which JSON may hold unescaped.) An empty last line is the
 * end of the file, not a line.
 */
export async function* streamLines(stream: Readable): AsyncGenerator<NumberedLine> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let number = 0;
  for await (const chunk of stream) {
    const pieces = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = pieces.pop() ?? '';
    for (const text of pieces) yield { number: (number += 1), text: withoutMark(text, number) };
  }
  rest += decoder.end();
  if (rest !== '') yield { number: number + 1, text: withoutMark(rest, number + 1) };
}

/** Parses and validates one line. Throws `DatasetError` with file, line and what is wrong with which field. */
export function parseLine<Value>(schema: z.ZodType<Value>, file: string, { number, text }: NumberedLine): Value {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`is not JSON: ${(error as Error).message}`, file, number);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`);
  throw new DatasetError(problems.join('; '), file, number);
}

function withoutMark(text: string, number: number): string {
  return number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
}
