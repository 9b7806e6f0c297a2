import fc from 'fast-check';
import { answerRules } from '../../../src/domain/answers';

const { parse } = answerRules.text;

test.each([
  ['The answer is "Paris".', 'paris'],
  ['\\boxed{\\text{New  York}}', 'new york'],
  ['It is a city.\n**Paris!**\n', 'paris'],
  ['#### the dog', 'the dog'],
  ['ＰＡＲＩＳ', 'paris'],
  ['- Paris', 'paris'],
  ['Her answer is wrong. The answer is Paris.', 'paris'],
  ['-5', '-5'],
  ['C#.', 'c#'],
  ['"O-"', 'o-'],
  ['.NET', '.net'],
])('%j is %j', (text, answer) => expect(parse(text)).toBe(answer));

test.each(['', ' \n ', '...', '""'])('%j says nothing', (text) => expect(parse(text)).toBeNull());

test('any text says something or nothing, and reading it anew changes nothing', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const answer = parse(text);
      if (answer !== null) expect(parse(answer)).toBe(answer);
    }),
  ));
