/** Where answers stand, in responses of any kind: a model that runs away must not stop the worker that reads it. */
import fc from 'fast-check';
import { answerRules } from '../../../src/domain/answers';
import { boxedContents, longestAnswer } from '../../../src/domain/answers/marked';

/** As a definition: for each opening, up to the brace that closes it. */
function boxesByDefinition(text: string): string[] {
  return [...text.matchAll(/\\(?:boxed|fbox)(?:\s*(\{)|\s+(-?\d[^\s{}$\\]*))/g)].flatMap(
    ({ 0: all, 1: brace, 2: number = '', index }) => {
      if (brace === undefined) return [number.replace(/[.,;]+$/, '')];
      let depth = 1;
      for (let at = index + all.length; at < text.length; at += 1) {
        if (text[at] === '\\') at += 1;
        else if (text[at] === '{') depth += 1;
        else if (text[at] === '}') depth -= 1;
        if (depth === 0) return [text.slice(index + all.length, at)];
      }
      return [];
    },
  );
}

const pieces = [
  '\\boxed{',
  '\\fbox {',
  '\\boxed 5',
  '\\\\boxed{',
  '\\{',
  '\\}',
  '\\frac',
  '{',
  '}',
  '\\',
  'x',
  ' 7. ',
  '$',
];

test('boxes are found in one pass as by their definition', () => {
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(''));
  // A backslash that somebody left before a box escapes nothing there.
  const plain = texts.filter((text) => !/\\{3}(?:boxed|fbox)/.test(text));
  fc.assert(
    fc.property(plain, (text) => expect(boxedContents(text)).toEqual(boxesByDefinition(text))),
    { numRuns: 3_000 },
  );
});

test('of boxes in boxes the innermost counts, however many there are', () => {
  const nested = '\\boxed{'.repeat(3_000) + '5' + '}'.repeat(3_000);
  expect(answerRules.math.parse(nested)).toBe('5');
  expect(answerRules.number.parse(nested)).toBe('5');
  expect(answerRules.number.parse('\\boxed{'.repeat(3_000) + '}'.repeat(20))).toBeNull();
});

const endless = 50_000;

test.each([
  ['digits', '7'.repeat(endless)],
  ['thousands', '1,000,'.repeat(endless / 6)],
  ['exclamation marks in a box', `\\boxed{${'!'.repeat(endless)}}`],
  ['dollar signs behind "answer is"', `answer is ${'$'.repeat(endless)}x`],
  ['statements', 'answer is '.repeat(endless / 10)],
  ['marks', '#### '.repeat(endless / 5)],
  ['openings', '\\boxed{'.repeat(endless / 7)],
])(
  'a response of nothing but %s is read in no time, and holds no answer of that length but an integer',
  (_name, response) => {
    for (const [type, { parse }] of Object.entries(answerRules)) {
      const answer = parse(response);
      expect(type === 'integer' || answer === null || answer.length <= longestAnswer).toBe(true);
    }
  },
);
