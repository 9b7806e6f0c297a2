import fc from 'fast-check';
import { answerRules } from '../../../src/domain/answers';

const { parse } = answerRules.number;

test.each([
  ['She sold 48/2 = <<48/2=24>>24 clips in May.\n#### 72', '72'],
  ['#### 1,152', '1152'],
  ['#### -7', '-7'],
  ['The total is $18.00.', '18'],
  ['I owe -$5', '-5'],
  ['**18**', '18'],
  ['\\boxed{18} hours', '18'],
  ['\\boxed{\\$1{,}234.50}', '1234.5'],
  ['\\boxed{10,\\!236}', '10236'],
  ['\\boxed{18 \\text{ dollars}}', '18'],
  ['\\boxed{50\\%}', '50'],
  ['about 50% of them', '50'],
  ['25 cents = $0.25', '0.25'],
  ['1\u2009000\u202F000', '1000000'],
  ['007', '7'],
  ['.5', '0.5'],
  ['1.5e3', '1500'],
  ['-0.0', '0'],
])('a number as people and models write it: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['1/2', '0.5'],
  ['10/3 cups', '10/3'],
  ['4/6', '2/3'],
  ['3 1/2 cups', '3.5'],
  ['3\\frac{1}{2}', '3.5'],
  ['-\\frac{1}{2}', '-0.5'],
  ['\\dfrac12', '0.5'],
  ['½ cup', '0.5'],
  ['3½', '3.5'],
])('fractions are exact: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['The area is 5 cm^2', '5'],
  ['\\boxed{5\\text{ cm}^{2}}', '5'],
  ['5 cm²', '5'],
  ['x2 is 7', '7'],
  ['9 + 9 = 18 eggs/day', '18'],
  ['22-36', '36'],
])('an exponent or a name holds no answer: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['The answer is 18. She had 2 eggs left.', '18'],
  ['the answer is 9 * 2 = 18 dollars', '18'],
  ['#### 18\nIt took 3 days.', '18'],
  ['\\boxed{18}, which is 9 times 2', '18'],
  ['\\boxed{17}, no: \\boxed{18}. The answer is 5.', '18'],
  ['The first answer is 5. I made a slip there. The correct answer is 7.', '7'],
  ['Agent 1: the answer is 5. Agent 2: the answer is 6. My answer is 7.', '7'],
])('a marked answer goes before the last number: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['The answer is 18 dollars per day for 7 days.', '18'],
  ['The final answer is 20 (i.e. 4*5).', '20'],
  ['The answer is 7 out of 10.', '7'],
  ['#### 18 (not 20)', '18'],
  ['the answer is $9 * 2 = 18$ dollars in 7 days', '18'],
  ['The answer is that in 2 years she has 30.', '30'],
  ['\\boxed{x = 5}', '5'],
])('what follows a stated number is no answer: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['\\boxed{- 14}', '-14'],
  ['#### - 14', '-14'],
  ['The answer is: - 14', '-14'],
  ['\\boxed{-\\$14}', '-14'],
  ['\\boxed{\\frac{-1}{2}}', '-0.5'],
  ['so 22 - 36', '36'],
])('a sign is read where a number begins an answer: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['\\boxed{1\\ 000}', '1000'],
  ['\\boxed{12~500}', '12500'],
  ['The answer is 1 000 000 dollars', '1000000'],
  ['\\boxed{2 \\times 10^3}', '2000'],
  ['\\boxed{2.5 \\cdot 10^{-1}}', '0.25'],
])('thousands and powers of ten: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each([
  ['٤٢', '42'],
  ['۴۲', '42'],
  ['４２．５', '42.5'],
  ['४२', '42'],
  ['𝟒𝟐', '42'],
  ['1’234', '1234'],
  ["1'234'567.5", '1234567.5'],
  ['1.234,50', '1234.5'],
  ['1.234.567', '1234567'],
  ['€1.234.567,891', '1234567.891'],
  ['\\boxed{10^3}', '1000'],
  ['10^{-2}', '0.01'],
  ['it is 2^{10} in all', '1024'],
  // English, where which is meant cannot be seen.
  ['1.234', '1.234'],
  ['1,234', '1234'],
  ['1,000.99m²', '1000.99'],
])('other ways to write a number: %j is %s', (text, answer) => expect(parse(text)).toBe(answer));

test.each(['\\boxed{3}, \\boxed{5}', '$\\boxed{3}$ and $\\boxed{5}$'])('%j is two numbers, so none', (text) =>
  expect(parse(text)).toBeNull(),
);

test.each(['', 'none', 'x2', '1/0', '\\boxed{}', `1${'0'.repeat(1000)}`, '1e999999999'])('%j holds none', (text) =>
  expect(parse(text)).toBeNull(),
);

test('an integer is the same behind commas, a currency sign, trailing zeros, a unit, and in a box', () =>
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const sign = value < 0 ? '-' : '';
      const grouped = Math.abs(value).toLocaleString('en-US');
      const spellings = [
        `${value}`,
        `${sign}$${grouped}.00`,
        `\\boxed{${value} \\text{ kg}}`,
        `#### ${sign}${grouped}`,
      ];
      expect(spellings.map(parse)).toEqual(spellings.map(() => String(value)));
    }),
  ));

test('equal fractions have one spelling', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 999 }),
      fc.integer({ min: 1, max: 999 }),
      fc.integer({ min: 1, max: 99 }),
      (top, bottom, by) => expect(parse(`${top * by}/${bottom * by}`)).toBe(parse(`${top}/${bottom}`)),
    ),
  ));

test('any text parses or does not, never throws, and reading an answer anew changes nothing', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const answer = parse(text);
      if (answer !== null)
        expect([answer, parse(answer)]).toEqual([expect.stringMatching(/^-?\d+(\.\d+|\/\d+)?$/), answer]);
    }),
  ));
