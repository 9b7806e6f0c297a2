import fc from 'fast-check';
import { estimateMean, estimateMeanOfRatios } from '../../../src/domain/measures/estimates';
import { pairedBootstrapInterval } from '../../../src/domain/statistics';

test('the interval of a mean is that of the exact bootstrap distribution, up to the noise of 1,000 resamples', () => {
  const values = [...Array<number>(30).fill(1), ...Array<number>(10).fill(-1), ...Array<number>(160).fill(0)];
  const exact = pairedBootstrapInterval({ n: 200, onlyFirst: 30, onlySecond: 10 });
  const { value, interval, n } = estimateMean(values)!;
  expect({ value, n }).toEqual({ value: 0.1, n: 200 });
  expect(Math.abs(interval!.lower - exact.lower)).toBeLessThanOrEqual(0.01);
  expect(Math.abs(interval!.upper - exact.upper)).toBeLessThanOrEqual(0.01);
});

test('the same numbers give the same interval', () => {
  const values = Array.from({ length: 50 }, (_, index) => Math.sin(index));
  expect(estimateMean(values)).toEqual(estimateMean(values));
});

test('a ratio of sums weighs by the denominators, and problems without any do not count', () => {
  const ratio = { numerators: [2, 9, 0], denominators: [1, 3, 0] };
  expect(estimateMeanOfRatios([ratio])).toMatchObject({ value: 11 / 4, n: 2 });
});

test('the mean is over the ratios that have a value', () => {
  const empty = { numerators: [0, 0], denominators: [0, 0] };
  expect(estimateMeanOfRatios([{ numerators: [1, 1], denominators: [1, 1] }, empty])).toMatchObject({ value: 1 });
  expect(estimateMeanOfRatios([empty])).toBeUndefined();
});

test('one problem has a value and no interval; none has nothing', () => {
  expect(estimateMean([3])).toEqual({ value: 3, interval: null, n: 1 });
  expect(estimateMean([])).toBeUndefined();
});

test('an interval is ordered and lies within the values', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 40 }), (values) => {
      const { value, interval } = estimateMean(values)!;
      expect(interval!.lower).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
      expect(interval!.upper).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      expect(interval!.lower).toBeLessThanOrEqual(interval!.upper);
      expect(value).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
    }),
    { numRuns: 50 },
  );
});
