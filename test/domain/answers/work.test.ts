/** What reading an answer costs, in steps: a model that loops must not stop the worker that reads it. */
import { answerRules, saidIn } from '../../../src/domain/answers';
import { counted } from '../../support/counted-work';

/** What a looping model repeats, and what would lead a pattern astray. */
const repeated: Record<string, string> = {
  sentences: 'The answer is 7. ',
  'statements without a value': 'the answer is that nobody knows, ',
  'statements without an end': 'answer is ',
  'sentences with mathematics': 'So $x = 5$ and $y = 6$. ',
  numbers: '7 1,000 3/4 ',
  'digits of one number': '7',
  thousands: '1,000,',
  'digits and commas': '1,,',
  'points and digits': '1.1.',
  powers: '2^3 ',
  'powers of ten': '5 \\times 10^3 ',
  fractions: '\\frac{1}{2} ',
  'broken fractions': '\\frac {1 } ',
  marks: '#### ',
  'marks with a value': '#### 7\n',
  boxes: '\\boxed{7} ',
  'empty boxes': '\\boxed{}',
  'boxes in boxes': '\\boxed{',
  braces: '}{',
  'brackets that are never closed': '\\[ x ',
  'parentheses that are never closed': '\\( x ',
  dollars: '$',
  'dollars with text': '$$a$b',
  'escaped dollars': '$\\$',
  stars: '**.',
  points: '.',
  spaces: ' ',
  'spaces behind "answer"': 'answer          ',
  'lines of punctuation': '...!?\n',
  letters: '(A) ',
  'open letters': '( A',
  options: 'A) foo\nB) bar\n',
  choices: 'I choose neither ',
  thoughts: '<think>a</think>',
  'open thoughts': '<think>',
  'closed thoughts': 'a</think>',
  'other digits': '٤٢ ',
  signs: '- - ',
  apostrophes: "1'234'",
};

const parsers = Object.entries(answerRules).map(([type, { parse }]) => ({ type, parse }));
const inner = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length));
/** Alone, behind a mark that a pattern may start from, and before an end that spoils it. */
const texts = (unit: string, length: number) => [
  inner(unit, length),
  `answer is ${inner(unit, length)}x`,
  `\\boxed{${inner(unit, length)}`,
];

const length = 1_000;

test.each(Object.entries(repeated))('%s: twice the text costs at most twice the work', (_name, unit) => {
  const [once, twice] = [texts(unit, length), texts(unit, 2 * length)];
  const read = ({ parse }: { parse: (text: string) => string | null }, text: string) =>
    counted(() => parse(saidIn(text, 'strip'))).steps;
  for (const parser of parsers) {
    const steps = once.map((text, index) => [read(parser, text), read(parser, twice[index]!)] as const);
    for (const [one, two] of steps) {
      expect([parser.type, two <= 2.3 * one + 20_000 || { one, two }]).toEqual([parser.type, true]);
      expect([parser.type, two <= 400 * 2 * length || { two }]).toEqual([parser.type, true]);
    }
  }
});

test('a megabyte is read', () => {
  for (const { type, parse } of parsers) {
    const answer = parse(saidIn(inner('The answer is 7. ', 1_000_000), 'strip'));
    expect([type, answer]).toEqual([type, type === 'choice' ? null : '7']);
    expect(parse(saidIn(inner('\\boxed{', 1_000_000), 'strip'))).toBeNull();
  }
});
