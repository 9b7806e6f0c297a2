/** What all tasks on files have in common: which files, how splits are drawn, what is refused. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { DatasetError, InvalidRunSpec } from '../../src/errors';
import { normalisedText } from '../../src/domain/normalised-text';
import { dataFolder, type DataFolder } from '../support/data-folder';

let data: DataFolder;
beforeAll(async () => (data = await dataFolder()));
afterAll(() => data.remove());

const rows = (count: number, word = 'apples') =>
  Array.from({ length: count }, (_, index) => ({ question: `${index} ${word}?`, answer: `It is\n#### ${index}` }));
const questions = (problems: { question: string }[]) => problems.map(({ question }) => normalisedText(question));
const gsm8k = (path: string, settings: object = {}) => ({ kind: 'gsm8k', path, train: 5, eval: 5, ...settings });

test('training draws from the train file and evaluation from the test file', async () => {
  await data.write({ 'two/train.jsonl': rows(8, 'pears'), 'two/test.jsonl': rows(8) });
  const { train, eval: evaluation, sources } = await data.draw(gsm8k('two'));
  expect(train[0]!.every(({ id, question }) => id.startsWith('gsm8k-train-') && question.includes('pears'))).toBe(true);
  expect(evaluation.every(({ id, question }) => id.startsWith('gsm8k-test-') && question.includes('apples'))).toBe(
    true,
  );
  expect(sources).toMatchObject([
    { split: 'train', path: expect.stringMatching(/train\.jsonl$/), files: 1, problems: 8 },
    { split: 'eval', path: expect.stringMatching(/test\.jsonl$/), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
});

test('with splits: test both come from the test file, disjoint', async () => {
  const { train, eval: evaluation } = await data.draw(gsm8k('two', { splits: 'test', train: 3 }));
  const all = [...train[0]!, ...evaluation];
  expect(all.every(({ question }) => question.includes('apples'))).toBe(true);
  expect(new Set(questions(all)).size).toBe(8);
});

test('2. from one file both splits are drawn, disjoint by id and by normalised text, for any seed and size', async () => {
  const repeated = rows(10).map(({ question, answer }) => ({ question: `  ${question.toUpperCase()}\n`, answer }));
  await data.write({ 'one.jsonl': [...rows(30), ...repeated] });
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 10 }),
      fc.constantFrom('fixed', 'fresh'),
      async (seed, train, evaluation, problems) => {
        const drawn = await data.draw(gsm8k('one.jsonl', { train, eval: evaluation, problems }), {
          seed,
          iterations: 2,
        });
        const different = [...drawn.eval, ...new Set(drawn.train)].flat();
        expect(different).toHaveLength(evaluation + train * (problems === 'fresh' ? 2 : 1));
        expect(new Set(different.map(({ id }) => id)).size).toBe(different.length);
        expect(new Set(questions(different)).size).toBe(different.length);
        expect(drawn.notices).toEqual(['gsm8k: 10 rows repeat an earlier question and were left out']);
      },
    ),
    { numRuns: 20 },
  );
});

test('evaluation stays the same however many training problems are asked for; the seed decides', async () => {
  const few = await data.draw(gsm8k('one.jsonl', { train: 2 }));
  const many = await data.draw(gsm8k('one.jsonl', { train: 20 }));
  expect(many.eval).toEqual(few.eval);
  expect(many.train[0]!.slice(0, 2)).toEqual(few.train[0]);
  expect(questions((await data.draw(gsm8k('one.jsonl'), { seed: 1 })).eval)).not.toEqual(questions(few.eval));
});

test('a training problem that is also among the test questions is left out and counted', async () => {
  await data.write({ 'leak/train.jsonl': [...rows(4), ...rows(6, 'pears')], 'leak/test.jsonl': rows(6) });
  const { train, notices } = await data.draw(gsm8k('leak', { train: 6, eval: 2 }));
  expect(questions(train[0]!).every((question) => question.includes('pears'))).toBe(true);
  expect(notices).toEqual(['gsm8k: 4 training problems are also among the test questions and were left out']);
});

test('sizes that do not fit are refused with what there is', async () => {
  await expect(data.draw(gsm8k('one.jsonl', { train: 26 }))).rejects.toThrow(InvalidRunSpec);
  await expect(data.draw(gsm8k('one.jsonl', { train: 26 }))).rejects.toThrow(
    /5 problems for evaluation and 26 for training .*one\.jsonl has 30 different problems for both; .*10 rows repeat/,
  );
  await expect(data.draw(gsm8k('two', { train: 9 }))).rejects.toThrow(/8 for evaluation in .* and 8 for training in /);
  await expect(data.draw(gsm8k('one.jsonl', { problems: 'fresh', train: 13 }), { iterations: 2 })).rejects.toThrow(
    /2 × 13 = 26 for training/,
  );
});

test('evaluated on another task, training draws what it always draws, without the questions evaluated on', async () => {
  const own = await data.draw(gsm8k('one.jsonl'));
  const elsewhere = await data.draw(gsm8k('one.jsonl'), { evaluatedElsewhere: new Set() });
  expect(elsewhere.train).toEqual(own.train);
  const spokenFor = new Set(questions(own.train[0]!.slice(0, 2)));
  const without = await data.draw(gsm8k('one.jsonl'), { evaluatedElsewhere: spokenFor });
  expect(questions(without.train[0]!).filter((question) => spokenFor.has(question))).toEqual([]);
  // The own evaluation is given up before training is.
  const tight = await data.draw(gsm8k('one.jsonl', { train: 30 }), { evaluatedElsewhere: new Set() });
  expect(tight.train[0]).toHaveLength(30);
});

test('of a folder with several data sets the files that carry the task’s name are read', async () => {
  await data.write({
    'mixed/gsm8k-train-200.jsonl': rows(6),
    'mixed/gsm8k-test-200.jsonl': rows(6, 'pears'),
    'mixed/math-train.jsonl': [{ problem: 'x', solution: '1' }],
    'mixed/train_socratic.jsonl': 'none of it',
    'mixed/README.md': 'text',
  });
  const { eval: evaluation } = await data.draw(gsm8k('mixed'));
  expect(evaluation[0]!.question).toMatch(/pears/);
});

test.each([
  ['a folder that is not there', 'nowhere', {}, /no such file or folder.*MAFT_DATA.*maft data/],
  ['a folder without data', 'empty', { 'empty/README.md': '' }, /holds no \.jsonl files.*train\.jsonl and test\.jsonl/],
  [
    'Parquet',
    'parquet',
    { 'parquet/main/test-0.parquet': '' },
    /Parquet files are not read: convert main\/test-0\.parquet/,
  ],
  [
    'a line that is no JSON',
    'torn',
    { 'torn/test.jsonl': '{"question":"a","answer":"#### 1"}\n{"question' },
    /test\.jsonl:2: is not JSON/,
  ],
  [
    'a line that is not UTF-8',
    'latin',
    {
      'latin/test.jsonl': Buffer.from(
        '{"question":"a","answer":"#### 1"}\n{"question":"caf\xe9","answer":"#### 1"}',
        'latin1',
      ),
    },
    /test\.jsonl:2: is not UTF-8 text/,
  ],
  [
    'a compressed file',
    'packed',
    { 'packed/test.jsonl': gzipSync('{"question":"a","answer":"#### 1"}\n') },
    /test\.jsonl: is compressed \(gzip\): unpack it first/,
  ],
  ['a row without a field', 'field', { 'field/test.jsonl': [{ question: 'a' }] }, /test\.jsonl:1: answer: /],
  [
    'an answer that is none',
    'none',
    { 'none/test.jsonl': [{ question: 'a', answer: 'no mark' }] },
    /test\.jsonl:1: answer: there is no number after ####/,
  ],
])('%s is a DatasetError that says where', async (_name, path, files, message) => {
  await data.write(files as unknown as Record<string, string>);
  const drawing = data.draw(gsm8k(path));
  await expect(drawing).rejects.toThrow(DatasetError);
  await expect(drawing).rejects.toThrow(message);
});
