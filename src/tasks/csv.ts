/** Comma-separated values (RFC 4180), by csv-parse: quoted fields may hold commas, quotes and line breaks. */
import { CsvError, parse } from 'csv-parse/sync';
import { DatasetError } from '../errors';

export interface CsvRecord {
  /** 1-based line on which the record starts. */
  line: number;
  fields: string[];
}

/** Characters that one record may have: no problem is that long. */
const longestRecord = 2 ** 20;

/** Records of a text in order, empty lines skipped. Throws `DatasetError` if a quote is never closed. */
export function csvRecords(text: string, file: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  // The parser counts the line that a record ends on.
  let line = 1;
  const add = (fields: string[], { lines }: { lines: number }): null => {
    if (fields.some((each) => each !== '')) records.push({ line, fields });
    line = lines + 1;
    return null;
  };
  try {
    parse(text, {
      on_record: add,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: longestRecord,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DatasetError(reasonOf(error), file, line);
  }
  return records;
}

function reasonOf({ code, message }: CsvError): string {
  if (code === 'CSV_MAX_RECORD_SIZE') return `a record is longer than ${longestRecord} characters`;
  if (['CSV_QUOTE_NOT_CLOSED', 'CSV_INVALID_CLOSING_QUOTE', 'INVALID_OPENING_QUOTE'].includes(code))
    return 'a quoted field is never closed, or text stands beside its quotes';
  return message;
}
