import { positiveNumber, seedList, wholeNumber } from '../../src/cli/number-options';

test('whole numbers may be 0, counts may not', () => {
  expect(wholeNumber('0')).toBe(0);
  expect(positiveNumber('12')).toBe(12);
  expect(() => positiveNumber('0')).toThrow('must be a whole number of at least 1');
});

test.each(['', '-1', '1.5', '1e3', '0x10', 'one', '9007199254740993'])('%j is no whole number', (text) => {
  expect(() => wholeNumber(text)).toThrow('must be a whole number of at least 0');
  expect(() => positiveNumber(text)).toThrow('must be a whole number of at least 1');
  expect(() => seedList(`1,${text}`)).toThrow('must be whole numbers separated by commas');
});

test('seeds keep their order, each once', () => {
  expect(seedList('3, 1,3')).toEqual([3, 1]);
});
