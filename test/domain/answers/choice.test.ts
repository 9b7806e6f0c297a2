import fc from 'fast-check';
import { answerRules } from '../../../src/domain/answers';

const { parse } = answerRules.choice;

test.each([
  ['(B)', 'B'],
  ['b', 'B'],
  ['The answer is (C).', 'C'],
  ['the answer is b.', 'B'],
  ['answer is B', 'B'],
  ['Answer: **D**', 'D'],
  ['The answer is **(B) Paris**', 'B'],
  ['The correct answer is option B', 'B'],
  ['The answer is A because it is', 'A'],
  ['so \\boxed{\\text{(E)}}', 'E'],
  ['\\boxed{c}', 'C'],
  ['\\boxed{\\textbf{(B)} 12}', 'B'],
  ['I think (A) is wrong, (D) is right.', 'D'],
  ['Of all of them:\nB', 'B'],
  ['Of all of them:\n\nC. Paris', 'C'],
  ['B) Paris', 'B'],
  ['(J)', 'J'],
  ['(A), or rather \\boxed{B}', 'B'],
  ['The answer is B, not (A).', 'B'],
])('the letter that is meant: %j is %s', (text, letter) => expect(parse(text)).toBe(letter));

test.each([
  '',
  'f(X) = 3',
  'the answer is a number',
  'A good idea',
  'I do not know',
  'Paris',
  'the answer is I do not know',
])('%j names none', (text) => expect(parse(text)).toBeNull());

test('every letter is read in every form, whatever the number of choices', () =>
  fc.assert(
    fc.property(fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), (letter) => {
      const forms = [letter, `(${letter})`, `The answer is (${letter}).`, `\\boxed{${letter}}`, `Answer: ${letter}`];
      expect(forms.map(parse)).toEqual(forms.map(() => letter));
    }),
  ));

test('any text names a letter or none, and reading a letter anew changes nothing', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const letter = parse(text);
      if (letter !== null) expect([letter, parse(letter)]).toEqual([expect.stringMatching(/^[A-Z]$/), letter]);
    }),
  ));
