import fc from 'fast-check';
import { parseInteger } from '../../../src/domain/answers';

describe('the integer at the end of a response', () => {
  test.each([
    ['2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14', '-14'],
    ['#-14', '-14'],
    ['22-36=-14', '-14'],
    ['-14', '-14'],
    ['The result is −14.', '-14'],
    ['The answer is: - 14', '-14'],
    ['= -14', '-14'],
    ['So we get 36.', '36'],
    ['I pay $1,234.', '1234'],
    ['I owe -$14', '-14'],
    ['I owe $-14', '-14'],
    ['about €36', '36'],
    ['**36**', '36'],
    ['36.00', '36'],
    ['1{,}234', '1234'],
    ['the answers are -14, -13', '-13'],
    ['12,34', '34'],
    ['wait...36', '36'],
    ['x2 is 7', '7'],
    ['007', '7'],
  ])('%j gives %s', (response, answer) => expect(parseInteger(response)).toBe(answer));

  test.each([
    ['22-36', '36'],
    ['22 - 36', '36'],
    ['(22)-36', '36'],
    ['x-14', '14'],
    ['Answer:\n- 14', '14'],
  ])('a minus after an operand or of a list is no sign: %j gives %s', (response, answer) =>
    expect(parseInteger(response)).toBe(answer),
  );

  test.each(['', 'no idea', '3.5', '1e5', 'x2', '$', 'generation-one', '.5'])('%j holds none', (response) =>
    expect(parseInteger(response)).toBeNull(),
  );

  test.each([
    ['first \\boxed{-14}, not 99', '-14'],
    ['\\boxed{1} then \\boxed{2}', '2'],
    ['\\boxed{\\text{about } {36}} 5', '36'],
    ['in the form \\boxed{answer}: 36', '36'],
    ['cut off in \\boxed{36', '36'],
    ['\\boxed{- 14}', '-14'],
  ])('the last box that holds an integer wins: %j gives %s', (response, answer) =>
    expect(parseInteger(response)).toBe(answer),
  );

  test.each([
    ['٤٢', '42'],
    ['４２', '42'],
    ['1’234', '1234'],
    ['1.234,00', '1234'],
    ['\\boxed{10^3}', '1000'],
  ])('other ways to write an integer: %j gives %s', (response, answer) => expect(parseInteger(response)).toBe(answer));

  test('minus zero is zero', () =>
    expect(['-0', '#-0', '-0.0', '-000'].map(parseInteger)).toEqual(['0', '0', '0', '0']));

  test('no number of digits loses precision', () => {
    const digits = '9'.repeat(5000);
    expect(parseInteger(`#-${digits}`)).toBe(`-${digits}`);
  });

  test('every integer survives being written at the end of a worked solution, and normalising is idempotent', () =>
    fc.assert(
      fc.property(fc.bigInt(), (value) => {
        expect(parseInteger(`22-36=-14 #${value}`)).toBe(String(value));
        expect(parseInteger(String(value))).toBe(String(value));
      }),
    ));

  test('any text parses or does not, but never throws', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const answer = parseInteger(text);
        expect(answer === null || /^(0|-?[1-9]\d*)$/.test(answer)).toBe(true);
      }),
    ));
});
