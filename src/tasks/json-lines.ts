/** JSON lines in and out, as streams: a file may be larger than memory. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type z } from 'zod';
import { DatasetError } from '../errors';

export interface NumberedLine {
  /** 1-based. */
  number: number;
  text: string;
}

/** The lines of a file. A file that cannot be read, or is no text, is a `DatasetError`. */
export async function* fileLines(file: string): AsyncGenerator<NumberedLine> {
  try {
    yield* streamLines(createReadStream(file, { highWaterMark: 2 ** 20 }), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof DatasetError) throw error;
    throw new DatasetError(`cannot be read (${code})`, file);
  }
}

/** A whole file of data. Throws as `fileLines` does. */
export async function fileText(file: string): Promise<string> {
  const lines: string[] = [];
  for await (const { text } of fileLines(file)) lines.push(text);
  return lines.join('\n');
}

/**
 * Splits at `\n` only. (`node:readline` also splits at U+2028, which JSON may hold unescaped.) An empty last line is the
 * end of the file, not a line. Throws `DatasetError` at a line that is not UTF-8, which would otherwise be read as
 * other letters than its author wrote.
 */
export async function* streamLines(stream: Readable, source = 'standard input'): AsyncGenerator<NumberedLine> {
  let rest: Buffer[] = [];
  let number = 0;
  const next = (end: Buffer): NumberedLine => {
    const text = lineText(Buffer.concat([...rest, end]), { source, number: (number += 1) });
    rest = [];
    return { number, text };
  };
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      yield next(bytes.subarray(start, end));
      start = end + 1;
    }
    if (start < bytes.length) rest.push(bytes.subarray(start));
    if (rest.reduce((sum, { length }) => sum + length, 0) > longestLine)
      throw new DatasetError(`is longer than ${longestLine / 2 ** 20} MB`, source, number + 1);
  }
  if (rest.length > 0) yield next(Buffer.alloc(0));
}

const newline = 10;

/** Bytes: no line of data, and no transcript, is that long. */
const longestLine = 64 * 2 ** 20;

function lineText(bytes: Buffer, { source, number }: { source: string; number: number }): string {
  if (number === 1 && bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new DatasetError('is compressed (gzip): unpack it first', source);
  if (!isUtf8(bytes)) throw new DatasetError('is not UTF-8 text', source, number);
  const text = bytes.toString('utf8');
  return number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Parses and validates one line. Throws `DatasetError` with file, line and what is wrong with which field. */
export function parseLine<Value>(schema: z.ZodType<Value>, file: string, { number, text }: NumberedLine): Value {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Without the parser's words, which quote the text: the file may be one that its reader must not see.
    throw new DatasetError('is not JSON', file, number);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`);
  throw new DatasetError(problems.join('; '), file, number);
}
