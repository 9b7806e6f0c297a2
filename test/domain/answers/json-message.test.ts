import fc from 'fast-check';
import { answerInMessage } from '../../../src/domain/answers';
import { readingMessages } from '../../../src/tasks/run-tasks';
import { readerFor } from '../../../src/tasks';

test.each<[string, string | null]>([
  ['{"steps": ["2*7=14"], "answer": "-14"}', '-14'],
  ['  {"steps": [], "answer": 7}\n', '7'],
  ['```json\n{"steps": ["a"], "answer": "B"}\n```', 'B'],
  ['{"steps": ["\\frac{1}{2}"], "answer": "\\frac{1}{2}"}', '\\frac{1}{2}'],
  ['{"steps": [], "answer": "\\\\frac{1}{2}"}', '\\frac{1}{2}'],
  ['{"steps": [], "answer": "\\u0041"}', 'A'],
  ['The answer is {"steps": [], "answer": "7"}', null],
  ['{"steps": ["cut', null],
  ['{"answer": "7"}', null],
  ['{"steps": [], "answer": ["7"]}', null],
  ['{"steps": [], "answer": null}', null],
  ['[1]', null],
  ['', null],
])('%j holds the answer %j', (message, answer) => expect(answerInMessage(message)).toBe(answer));

test('any text is read without an error, in time linear in its length', () => {
  fc.assert(fc.property(fc.string(), (text) => expect(() => answerInMessage(text)).not.toThrow()));
  for (const run of ['\\', '\n', '`', '{', '"']) expect(answerInMessage(run.repeat(300_000))).toBeNull();
});

test.each<[string, string, string | null]>([
  ['arithmetic', '-14', '-14'],
  ['arithmetic', 'seven', null],
  ['mmlu', 'B', 'B'],
  ['mmlu', '(c)', 'C'],
  ['gsm8k', '$1,200', '1200'],
  ['math', '\\frac{1}{2}', '\\frac{1}{2}'],
])('of %s, the answer %j in an object is read as %j', async (kind, answer, parsed) => {
  const reader = readerFor({ kind: kind as 'math' }, { dataDirectory: '/nowhere' });
  const reading = readingMessages(reader, { base: 'json' });
  expect(await reading.parse(JSON.stringify({ steps: [], answer }))).toBe(parsed);
  expect(await reading.parse(`The answer is \\boxed{${answer}}`)).toBeNull();
  expect(readingMessages(reader, 'paper')).toBe(reader);
});
