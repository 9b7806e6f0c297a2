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
  ['One answer is (A). The correct answer is (C).', 'C'],
  ['The correct option is B.', 'B'],
  ['Statement (I) holds, so the correct option is C', 'C'],
  ['I choose B) bar', 'B'],
  ['Answer: $C$', 'C'],
  ['The answer is: \\(B\\)', 'B'],
  ['\\boxed{\\text{Option B}}', 'B'],
  ['Agent 1: the answer is (A). Agent 2: the answer is (B). Both are mistaken.\n\n(C)', 'C'],
])('the letter that is meant: %j is %s', (text, letter) => expect(parse(text)).toBe(letter));

test.each([
  ['\\boxed{E = mc^2}\nAnswer: D', 'D'],
  ['\\boxed{x^2}, so the answer is B', 'B'],
  ['\\boxed{V(t)} and \\boxed{a \\cdot b}. Answer: C', 'C'],
  ['The answer is E = mc^2, which is (B)', 'B'],
  ['\\boxed{A}, \\boxed{C}', null],
  ['\\boxed{B \\text{ Paris}}', 'B'],
])('a letter of a formula chooses nothing: %j is %s', (text, letter) => expect(parse(text)).toBe(letter));

test.each([
  ['I choose B) bar', 'B'],
  ['Therefore B.', null],
  ['(B)', 'B'],
])('options that are repeated choose none of them: behind them %j is %s', (end, letter) => {
  expect(parse(`A) foo\nB) bar\nC) baz\nD) qux\n\n${end}`)).toBe(letter);
});

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
