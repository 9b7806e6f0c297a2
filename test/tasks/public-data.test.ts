/** The public data sets as they are published, in rows of our own and in samples of the real ones. */
import path from 'node:path';
import { InvalidRunSpec } from '../../src/errors';
import { dataFolder, sampleTest, type DataFolder } from '../support/data-folder';

let data: DataFolder;
beforeAll(async () => (data = await dataFolder()));
afterAll(() => data.remove());

const small = { train: 1, eval: 1 };

describe('gsm8k', () => {
  test('the reference is the number behind ####, commas and all', async () => {
    const row = { question: 'How much?', answer: 'He pays 2*$576=$<<2*576=1152>>1,152.\r\n#### 1,152' };
    await data.write({ 'gsm.jsonl': [row, { question: 'And now?', answer: 7 }] });
    const { eval: evaluation, train } = await data.draw({ kind: 'gsm8k', path: 'gsm.jsonl', ...small });
    expect([...evaluation, ...train[0]!].map(({ answer }) => answer).sort()).toEqual(['1152', '7']);
  });

  sampleTest('every row of the public samples loads', async (folder) => {
    const path_ = path.join(folder);
    const { eval: evaluation, train } = await data.draw({ kind: 'gsm8k', path: path_, train: 200, eval: 200 });
    for (const { answer } of [...evaluation, ...train[0]!]) expect(answer).toMatch(/^\d+(\.\d+)?$/);
  });
});

describe('math', () => {
  const problem = (level: string, type = 'Algebra', solution = 'so $\\boxed{\\frac{1}{2}}$.') => ({
    problem: `A ${type} problem of ${level}`,
    level,
    type,
    solution,
  });
  const tree = Object.fromEntries(
    ['train', 'test'].flatMap((split) =>
      ['Level 1', 'Level 3', 'Level 5', 'Level ?'].map((level, index) => [
        `MATH/${split}/algebra/${index}.json`,
        JSON.stringify({ ...problem(level), problem: `${split} ${level}` }),
      ]),
    ),
  );

  test('the published tree of one file per problem, levels 1 to 3 by default', async () => {
    await data.write({ ...tree, 'MATH/README.md': '' });
    const { eval: evaluation, train, notices } = await data.draw({ kind: 'math', train: 2, eval: 2 });
    expect(evaluation.map(({ id }) => id).sort()).toEqual(['math-test-algebra-0', 'math-test-algebra-1']);
    expect(train[0]!.map(({ id }) => id).sort()).toEqual(['math-train-algebra-0', 'math-train-algebra-1']);
    expect(evaluation[0]).toMatchObject({ answer: '\\frac{1}{2}', type: 'Algebra', level: expect.any(Number) });
    expect(notices).toEqual([
      'math: 2 problems left out: levels other than 1, 2, 3',
      'math: 2 problems left out: no level',
    ]);
  });

  test('files that only folders further up tell apart have ids of their own, whatever the alphabet', async () => {
    const row = (text: string) => JSON.stringify({ ...problem('Level 1'), problem: text });
    const subjects = ['algebra', 'geometry', '代数', '几何'];
    const files = subjects.flatMap((subject) => [1, 2].map((number) => `${subject}/test/${number}.json`));
    await data.write(Object.fromEntries(files.map((name) => [`deep/${name}`, row(`problem of ${name}`)])));
    const { eval: evaluation, train } = await data.draw({ kind: 'math', path: 'deep', train: 1, eval: 7 });
    expect(new Set([...evaluation, ...train[0]!].map(({ id }) => id)).size).toBe(8);
  });

  test('two files that cannot be told apart are refused', async () => {
    const row = (text: string) => JSON.stringify({ ...problem('Level 1'), problem: text });
    await data.write({ 'alike/test/a b.json': row('one'), 'alike/test/a-b.json': row('two') });
    await expect(data.draw({ kind: 'math', path: 'alike', train: 1, eval: 1 })).rejects.toThrow(
      /alike\/test\/a-b.json:1: id "math-test-test-a-b" was in .*a b.json:1 already/,
    );
  });

  test('levels can be chosen', async () => {
    const { eval: evaluation } = await data.draw({ kind: 'math', levels: [5], ...small });
    expect(evaluation[0]).toMatchObject({ level: 5 });
    await expect(data.draw({ kind: 'math', levels: [2], ...small })).rejects.toThrow(
      /6 problems left out: levels other than 2/,
    );
  });

  test('JSON lines copies: an answer of its own, `subject`, levels as numbers', async () => {
    const rows = [1, 2].map((level) => ({
      problem: `p${level}`,
      solution: 'long',
      answer: '\\left( 3, \\frac{\\pi}{2} \\right)',
      subject: 'Precalculus',
      level,
      unique_id: `test/precalculus/${level}.json`,
    }));
    await data.write({ 'math-500.jsonl': rows });
    const { eval: evaluation } = await data.draw({ kind: 'math', path: 'math-500.jsonl', ...small });
    expect(evaluation[0]).toMatchObject({ type: 'Precalculus', answer: '\\left( 3, \\frac{\\pi}{2} \\right)' });
  });

  test('quirks of the solutions: \\boxed without braces, \\fbox, nested braces, several boxes', async () => {
    const solutions = ['$\\boxed 5$', '\\fbox{6}', '\\boxed{\\sqrt{\\frac{1}{7}}}', 'not \\boxed{1} but \\boxed{8}'];
    await data.write({
      'quirks.jsonl': solutions.map((solution, index) => ({
        ...problem('Level 1', 'Algebra', solution),
        problem: `q${index}`,
      })),
    });
    const { eval: evaluation, train } = await data.draw({ kind: 'math', path: 'quirks.jsonl', train: 2, eval: 2 });
    const answers = [...evaluation, ...train[0]!].map(({ answer }) => answer);
    expect(answers.sort()).toEqual(['5', '6', '8', '\\sqrt{\\frac{1}{7}}']);
  });

  test('a solution without a box is refused by file and line', async () => {
    await data.write({ 'unboxed.jsonl': [problem('Level 1'), problem('Level 2', 'Algebra', 'so it is 5.')] });
    await expect(data.draw({ kind: 'math', path: 'unboxed.jsonl', ...small })).rejects.toThrow(
      /unboxed\.jsonl:2: solution: no \\boxed/,
    );
  });

  test('a subject may be named in either spelling; one that does not exist is refused with those that do', async () => {
    const rows = ['Algebra', 'Counting & Probability', 'Counting & Probability'].map((type, index) => ({
      ...problem('Level 1', type),
      problem: `s${index}`,
    }));
    await data.write({ 'subjects.jsonl': rows });
    const settings = { kind: 'math', path: 'subjects.jsonl', ...small };
    const { eval: evaluation } = await data.draw({ ...settings, subjects: ['counting_and_probability'] });
    expect(evaluation[0]!.type).toBe('Counting & Probability');
    const unknown = data.draw({ ...settings, subjects: ['algebr'] });
    await expect(unknown).rejects.toThrow(InvalidRunSpec);
    await expect(unknown).rejects.toThrow(/"algebr" is not a subject.*did you mean "Algebra".*Counting & Probability/);
  });

  sampleTest('every row of the public sample loads, with type and level', async (folder) => {
    const settings = { kind: 'math', path: folder, levels: [1, 2, 3, 4, 5], train: 100, eval: 100 };
    const { eval: evaluation, train } = await data.draw(settings);
    for (const { answer, type, level } of [...evaluation, ...train[0]!]) {
      expect([answer, type, level]).toEqual([
        expect.not.stringContaining('boxed'),
        expect.any(String),
        expect.any(Number),
      ]);
    }
    const byDefault = data.draw({ kind: 'math', path: folder });
    await expect(byDefault).rejects.toThrow(
      /has 97 different problems.*103 problems left out: levels other than 1, 2, 3/,
    );
  });
});

describe('mmlu', () => {
  const question = 'Which?\nA) one\nB) two\nC) three\nD) 4';

  test('JSON lines with an index or a letter, choices of any kind and number', async () => {
    await data.write({
      'mmlu.jsonl': [
        { question: 'Which?', subject: 'numbers', choices: ['one', 'two', 'three', 4], answer: 3 },
        { question: 'Which?', subject: 'numbers', choices: ['yes', 'no'], answer: 'b' },
      ],
    });
    const { eval: evaluation, train } = await data.draw({ kind: 'mmlu', path: 'mmlu.jsonl', ...small });
    const problems = [...evaluation, ...train[0]!].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(problems).toEqual([
      { id: 'mmlu-000001', question, answer: 'D', type: 'numbers' },
      { id: 'mmlu-000002', question: 'Which?\nA) yes\nB) no', answer: 'B', type: 'numbers' },
    ]);
  });

  test('a header is skipped where it begins with the question, and refused where something else comes first', async () => {
    await data.write({
      'headed/test.csv': 'question,A,B,C,D,answer\nWhich?,one,two,three,four,D\nAnd?,one,two,three,four,D\n',
      'numbered/test.csv': ',question,A,B,C,D,answer\n0,Which?,one,two,three,four,D\n',
    });
    const { eval: evaluation } = await data.draw({ kind: 'mmlu', path: 'headed', train: 1, eval: 1 });
    expect(evaluation[0]).toMatchObject({ answer: 'D' });
    await expect(data.draw({ kind: 'mmlu', path: 'numbered', train: 1, eval: 1 })).rejects.toThrow(
      /test\.csv:1: the header begins with ""; the first column must be the question/,
    );
  });

  test('the original CSV: quoted commas, quotes and line breaks, no header; auxiliary_train trains', async () => {
    await data.write({
      'data/test/abstract_algebra_test.csv': 'Which?,one,two,three,4,D\n"He said ""a, b""\nand left?",x,"y, z",,w,B\n',
      'data/dev/abstract_algebra_dev.csv': 'Few-shot?,a,b,c,d,A\n',
      'data/auxiliary_train/race.csv': '\uFEFF"Long text, and a question?",a,b,c,d,C\r\n',
    });
    const { eval: evaluation, train } = await data.draw({ kind: 'mmlu', path: 'data', train: 1, eval: 2 });
    expect(evaluation.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: 'mmlu-test-000001', question, answer: 'D', type: 'abstract_algebra' },
      {
        id: 'mmlu-test-000002',
        question: 'He said "a, b"\nand left?\nA) x\nB) y, z\nC) \nD) w',
        answer: 'B',
        type: 'abstract_algebra',
      },
    ]);
    expect(train[0]).toEqual([
      { id: 'mmlu-train-000001', question: 'Long text, and a question?\nA) a\nB) b\nC) c\nD) d', answer: 'C' },
    ]);
  });

  test.each([
    [
      'an answer beyond the choices',
      'far.jsonl',
      '{"question":"a","choices":["x","y"],"answer":2}\n',
      /far\.jsonl:1: answer: 2 is not one of the 2 choices/,
    ],
    ['a letter that is none', 'letter.csv', 'a,x,y,z,w,E\n', /letter\.csv:1: answer: "E" is not one of the 4 choices/],
    [
      'a field of megabytes',
      'large.csv',
      `"${'x'.repeat(2 ** 21)}",x,y,z,w,A\n`,
      /large\.csv:1: a record is longer than/,
    ],
    ['a row that is cut', 'cut.csv', 'q,x,y,z,w,A\nq,A\n', /cut\.csv:2: 2 fields/],
    [
      'a quote that never closes',
      'open.csv',
      'q,x,y,z,w,A\n"q,x\ny,z\n',
      /open\.csv:2: a quoted field is never closed/,
    ],
  ])('%s is refused by file and line', async (_name, file, content, message) => {
    await data.write({ [file]: content });
    await expect(data.draw({ kind: 'mmlu', path: file, ...small })).rejects.toThrow(message);
  });

  sampleTest('every row of the public sample loads, with its subject', async (folder) => {
    const { eval: evaluation, train } = await data.draw({ kind: 'mmlu', path: folder, train: 100, eval: 100 });
    for (const { answer, type, question: asked } of [...evaluation, ...train[0]!]) {
      expect([answer, type]).toEqual([expect.stringMatching(/^[A-D]$/), expect.any(String)]);
      expect(asked).toMatch(/\nA\) [\s\S]*\nB\) [\s\S]*\nC\) [\s\S]*\nD\) /);
    }
  });
});

describe('jsonl', () => {
  const settings = (path: string, answerType = 'number') => ({ kind: 'jsonl', path, answerType, ...small });

  test.each([
    ['number', '$1,000.00', '1000'],
    ['number', 0.5, '0.5'],
    ['integer', 7, '7'],
    ['math', '\\text{no such } x', '\\text{no such } x'],
    ['choice', '(b)', 'B'],
    ['text', ' Paris. ', 'paris'],
  ])('an answer of type %s: %j is %j', async (answerType, answer, parsed) => {
    await data.write({
      'own.jsonl': [1, 2].map((id) => ({ id, question: `q${id}`, answer, type: 'geo', note: 'else' })),
    });
    const { eval: evaluation } = await data.draw(settings('own.jsonl', answerType));
    expect(evaluation[0]).toEqual({
      id: expect.stringMatching(/^[12]$/),
      question: expect.any(String),
      answer: parsed,
      type: 'geo',
    });
  });

  test('rows without an answer train, and are never evaluated on', async () => {
    const rows = Array.from({ length: 9 }, (_, index) => ({
      question: `q${index}`,
      ...(index < 3 ? { answer: 1 } : {}),
    }));
    await data.write({ 'part.jsonl': rows });
    const { eval: evaluation, train } = await data.draw({ ...settings('part.jsonl'), train: 6, eval: 3 });
    expect(evaluation.every(({ answer }) => answer === '1')).toBe(true);
    expect(train[0]!.every((problem) => !('answer' in problem))).toBe(true);
    await expect(data.draw({ ...settings('part.jsonl'), train: 1, eval: 4 })).rejects.toThrow(
      /3 different problems for both with a reference answer \(6 without cannot be evaluated on\)/,
    );
  });

  test('an id that occurs twice is refused with both places, over both files', async () => {
    await data.write({
      'twice/train.jsonl': [{ id: 'x', question: 'a' }],
      'twice/test.jsonl': [{ id: 'x', question: 'b', answer: 1 }],
    });
    await expect(data.draw(settings('twice'))).rejects.toThrow(/train\.jsonl:1: id "x" was in .*test\.jsonl:1 already/);
  });

  test('an answer that is none of its type is refused by file and line', async () => {
    await data.write({ 'bad.jsonl': [{ question: 'a', answer: 'seven' }] });
    await expect(data.draw(settings('bad.jsonl'))).rejects.toThrow(
      /bad\.jsonl:1: answer: "seven" is not a valid number/,
    );
  });

  test.each([
    ['"1,5"', /answer: "1,5" holds several numbers; give one, or mark it with ####/],
    ['"3 to 5"', /holds several numbers/],
    ['"2023-05-01"', /holds several numbers/],
    ['12345678901234567890', /has more digits than JSON numbers keep; write it as a string/],
  ])('a reference that would be read as something else is refused: %s', async (answer, reason) => {
    await data.write({ 'odd.jsonl': `{"question": "a", "answer": ${answer}}\n` });
    await expect(data.draw(settings('odd.jsonl'))).rejects.toThrow(reason);
  });

  test('a worked solution may hold several numbers where it marks its answer', async () => {
    const rows = ['2*3=6 and 6+1=7 #### 7', 'so \\boxed{- 4} of 5', '1,234.00 dollars'];
    await data.write({ 'marked.jsonl': rows.map((answer, index) => ({ question: `q${index}`, answer })) });
    const { eval: evaluation, train } = await data.draw({ ...settings('marked.jsonl'), train: 1, eval: 2 });
    expect([...evaluation, ...train[0]!].map(({ answer }) => answer).sort()).toEqual(['-4', '1234', '7']);
  });
});
