import { PassThrough, Readable, Writable } from 'node:stream';
import { grade, readingWhatIsSaid } from '../../src/cli/grade';
import { DatasetError } from '../../src/errors';
import { readerFor } from '../../src/tasks';

const arithmetic = readerFor({ kind: 'arithmetic' }, { dataDirectory: '/nowhere' });

async function graded(input: string | string[]): Promise<{ lines: string[]; error: unknown }> {
  const output = new PassThrough();
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const error = await grade(arithmetic, Readable.from([input].flat().map((part) => Buffer.from(part))), output).catch(
    (reason: unknown) => reason,
  );
  return { lines: Buffer.concat(chunks).toString().split('\n').slice(0, -1), error };
}

test('one verdict per pair, in order, for answers and whole solutions', async () => {
  const pairs = [
    { a: '36', b: 'so it is 36.' },
    { a: '#-14', b: '14' },
    { a: '?', b: '1' },
    { a: '1,000', b: '1000.0' },
  ];
  const { lines, error } = await graded(pairs.map((pair) => JSON.stringify(pair)).join('\n'));
  expect(error).toBeUndefined();
  expect(lines).toEqual([
    '{"equal":true}',
    '{"equal":false}',
    '{"equal":false,"reason":"no answer in a"}',
    '{"equal":true}',
  ]);
});

test.each([
  ['strip' as const, '{"equal":true}\n'],
  ['keep' as const, '{"equal":false}\n'],
])('with thinking: %s an answer is read as a run reads it', async (thinking, verdict) => {
  const reader = readingWhatIsSaid(readerFor({ kind: 'gsm8k' }, { dataDirectory: '/nowhere' }), thinking);
  const output = new PassThrough();
  await grade(reader, Readable.from([Buffer.from('{"a":"<think>so \\\\boxed{7}</think>It is 8.","b":"8"}\n')]), output);
  expect(String(output.read())).toBe(verdict);
});

test('lines may be cut anywhere, inside a character too', async () => {
  const bytes = Buffer.from('{"a":"−1 €","b":"-1"}\n');
  const output = new PassThrough();
  await grade(arithmetic, Readable.from([...bytes].map((byte) => Buffer.from([byte]))), output);
  expect(String(output.read())).toBe('{"equal":true}\n');
});

test('a line that is no pair is refused with its number, after the verdicts before it', async () => {
  const { lines, error } = await graded('{"a":"1","b":"1"}\n{"a":1,"b":"1"}\n');
  expect(lines).toEqual(['{"equal":true}']);
  expect(error).toBeInstanceOf(DatasetError);
  expect((error as Error).message).toMatch(/^standard input:2: a: /);
});

test('no pairs, no verdicts', async () => expect((await graded('')).lines).toEqual([]));

test('a slow reader is waited for', async () => {
  const many = Readable.from(Array.from({ length: 2000 }, () => Buffer.from('{"a":"1","b":"1"}\n')));
  let received = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => {
      received += chunk.toString().split('\n').length - 1;
      setImmediate(done);
    },
  });
  await grade(arithmetic, many, slow);
  slow.end();
  await new Promise((resolve) => slow.on('finish', resolve));
  expect(received).toBe(2000);
});
