/** Comma-separated values (RFC 4180): quoted fields may hold commas, quotes and line breaks. */
import { DatasetError } from '../errors';

export interface CsvRecord {
  /** 1-based line on which the record starts. */
  line: number;
  fields: string[];
}

/** Records of a text in order, empty lines skipped. Throws `DatasetError` where a quote is never closed. */
export function* csvRecords(text: string, file: string): Generator<CsvRecord> {
  // A field, quoted or not, and what ends it.
  const field = /(?:"((?:[^"]|"")*)"|([^,"\n\r][^,\n\r]*|))(,|\r?\n|\r|$)/y;
  let line = 1;
  let record: CsvRecord = { line, fields: [] };
  while (field.lastIndex < text.length || record.fields.length > 0) {
    const match = field.exec(text);
    if (match === null) throw new DatasetError('a quoted field is never closed, or text follows it', file, line);
    const [whole, quoted, plain = '', end = ''] = match;
    record.fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.match(/\r?\n|\r/g)?.length ?? 0;
    if (end === ',') continue;
    if (record.fields.some((each) => each !== '')) yield record;
    record = { line, fields: [] };
    if (end === '') return;
  }
}
