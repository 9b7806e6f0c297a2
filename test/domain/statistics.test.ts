import fc from 'fast-check';
import {
  comparePaired,
  countPairs,
  mcNemarPValue,
  pairedBootstrapInterval,
  standardError,
  tDistribution,
  tInterval,
  tQuantile,
  wilsonInterval,
} from '../../src/domain/statistics';

const pairedCounts = fc
  .tuple(fc.nat(60), fc.nat(60), fc.nat(200))
  .filter(([onlyFirst, onlySecond, same]) => onlyFirst + onlySecond + same > 0)
  .map(([onlyFirst, onlySecond, same]) => ({ onlyFirst, onlySecond, n: onlyFirst + onlySecond + same }));

describe('one accuracy', () => {
  test('the standard error is the population standard deviation over the root of n', () => {
    const results: number[] = [...Array<number>(330).fill(1), ...Array<number>(170).fill(0)];
    const mean = 330 / 500;
    const variance = results.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 500;
    expect(standardError({ correct: 330, n: 500 })).toBeCloseTo(Math.sqrt(variance / 500), 12);
    expect(standardError({ correct: 0, n: 0 })).toBe(0);
  });

  test.each([
    // The roots of (p - x/n)^2 = z^2 p(1 - p)/n, solved with mpmath at 30 digits.
    [10, 100, 0.05522914, 0.17436566],
    [0, 10, 0, 0.27753279],
    [10, 10, 0.72246721, 1],
  ])('the Wilson interval of %i of %i is the published one', (correct, n, lower, upper) => {
    const interval = wilsonInterval({ correct, n });
    expect(interval.lower).toBeCloseTo(lower, 7);
    expect(interval.upper).toBeCloseTo(upper, 7);
  });

  test('nothing measured is no knowledge, not a division by zero', () => {
    expect(wilsonInterval({ correct: 0, n: 0 })).toEqual({ lower: 0, upper: 1 });
  });
});

describe('two methods on the same problems', () => {
  test('pairs are counted by who alone was right', () => {
    expect(countPairs([true, true, false, false], [true, false, true, false])).toEqual({
      n: 4,
      onlyFirst: 1,
      onlySecond: 1,
    });
    expect(() => countPairs([true], [])).toThrow('Cannot pair 1 results with 0');
  });

  test.each([
    // Exact fractions, summed in Python.
    [0, 0, 1],
    [1, 0, 1],
    [6, 0, 0.03125],
    [2, 8, 0.109375],
    [10, 25, 0.0166738478],
    [5, 5, 1],
  ])('McNemar of %i against %i discordant problems is the exact binomial p', (onlyFirst, onlySecond, expected) => {
    expect(mcNemarPValue({ onlyFirst, onlySecond })).toBeCloseTo(expected, 6);
  });

  test('the exact bootstrap interval is what many sampled resamples give', () => {
    const counts = { n: 120, onlyFirst: 31, onlySecond: 12 };
    const sampled = sampledBootstrap(counts, 20_000);
    const exact = pairedBootstrapInterval(counts);
    expect(Math.abs(exact.lower - sampled.lower)).toBeLessThanOrEqual(1 / 120 + 1e-12);
    expect(Math.abs(exact.upper - sampled.upper)).toBeLessThanOrEqual(1 / 120 + 1e-12);
  });

  test('small cases are enumerated by hand', () => {
    // Two problems, one won and one equal: a resample sums to 0, 1 or 2 with probability 1/4, 1/2, 1/4.
    expect(pairedBootstrapInterval({ n: 2, onlyFirst: 1, onlySecond: 0 })).toEqual({ lower: 0, upper: 1 });
    expect(pairedBootstrapInterval({ n: 3, onlyFirst: 3, onlySecond: 0 })).toEqual({ lower: 1, upper: 1 });
    expect(pairedBootstrapInterval({ n: 3, onlyFirst: 0, onlySecond: 0 })).toEqual({ lower: 0, upper: 0 });
  });

  test.each([
    // The roots of Tango's score equation (b - c - nd)^2 = z^2 n (2q + d(1 - d)) by bisection, in Python.
    [1, 0, 0, -0.79345069, 0.79345069],
    [10, 0, 0, -0.27753279, 0.27753279],
    [500, 0, 0, -0.00762434, 0.00762434],
    [3, 3, 0, -0.12299406, 1],
    [10, 10, 0, 0.44493442, 1],
    [10, 0, 10, -1, -0.44493442],
  ])(
    'of %i problems with one and the same difference (%i, %i) the interval is Tango’s',
    (n, onlyFirst, onlySecond, lower, upper) => {
      const { interval } = comparePaired({ n, onlyFirst, onlySecond });
      expect(interval.lower).toBeCloseTo(lower, 6);
      expect(interval.upper).toBeCloseTo(upper, 6);
    },
  );

  test('no interval is without width, and none leaves −1..1', () => {
    fc.assert(
      fc.property(pairedCounts, (counts) => {
        const { lower, upper } = comparePaired(counts).interval;
        expect(upper).toBeGreaterThan(lower);
        expect(lower).toBeGreaterThanOrEqual(-1);
        expect(upper).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });

  test('the interval holds the difference, and swapping the methods mirrors everything', () => {
    fc.assert(
      fc.property(pairedCounts, (counts) => {
        const forward = comparePaired(counts);
        const backward = comparePaired({ n: counts.n, onlyFirst: counts.onlySecond, onlySecond: counts.onlyFirst });
        expect(forward.interval.lower).toBeLessThanOrEqual(forward.difference);
        expect(forward.interval.upper).toBeGreaterThanOrEqual(forward.difference);
        expect(backward.difference).toBeCloseTo(-forward.difference, 12);
        expect(backward.interval.lower).toBeCloseTo(-forward.interval.upper, 12);
        expect(backward.pValue).toBeCloseTo(forward.pValue, 12);
      }),
      { numRuns: 60 },
    );
  });

  test('with many problems the interval is the normal one, and none of its mass is lost', () => {
    const { difference, interval } = comparePaired({ n: 20_000, onlyFirst: 4_000, onlySecond: 3_000 });
    const deviation = Math.sqrt((7_000 / 20_000 - difference ** 2) / 20_000);
    expect(interval.lower).toBeCloseTo(difference - 1.959964 * deviation, 3);
    expect(interval.upper).toBeCloseTo(difference + 1.959964 * deviation, 3);
  });

  test('counts that cannot be are refused', () => {
    expect(() => comparePaired({ n: 0, onlyFirst: 0, onlySecond: 0 })).toThrow(RangeError);
    expect(() => comparePaired({ n: 3, onlyFirst: 2, onlySecond: 2 })).toThrow(RangeError);
  });
});

describe('a few seeds', () => {
  test.each([
    // Through the incomplete beta function, another road than the code's, with mpmath at 30 digits.
    [0.975, 1, 12.7062047],
    [0.975, 2, 4.3026527],
    [0.975, 3, 3.1824463],
    [0.975, 4, 2.7764451],
    [0.95, 5, 2.0150484],
    [0.975, 30, 2.0422725],
    [0.995, 9, 3.2498355],
    [0.975, 1000, 1.9623391],
  ])('the %d quantile of t with %i degrees of freedom is the tabulated one', (probability, degrees, expected) => {
    expect(tQuantile(probability, degrees)).toBeCloseTo(expected, 6);
    expect(tQuantile(1 - probability, degrees)).toBeCloseTo(-expected, 6);
  });

  test('quantile and distribution are inverse', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        (share, degrees) => {
          expect(tDistribution(tQuantile(share, degrees), degrees)).toBeCloseTo(share, 9);
        },
      ),
    );
  });

  test('the t-interval over five differences is the one computed with mpmath', () => {
    const result = tInterval([0.12, 0.15, 0.1, 0.14, 0.13]);
    expect(result.mean).toBeCloseTo(0.128, 12);
    expect(result.interval?.lower).toBeCloseTo(0.1041161161, 8);
    expect(result.interval?.upper).toBeCloseTo(0.1518838839, 8);
  });

  test('fewer than three seeds have a mean and no interval, though they agree', () => {
    expect(tInterval([0.1, 0.1])).toEqual({ mean: 0.1, n: 2, interval: null });
    expect(tInterval([0.1])).toEqual({ mean: 0.1, n: 1, interval: null });
    expect(tInterval([])).toEqual({ mean: 0, n: 0, interval: null });
  });

  test('the interval over seeds stays within what the values can be', () => {
    const within = { lower: -1, upper: 1 };
    expect(tInterval([-0.8, 0.9, 0.3], { within }).interval).toEqual(within);
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 6 }), (values) => {
        const { mean, interval } = tInterval(values, { within, step: 1 / 500 });
        expect(interval!.lower).toBeGreaterThanOrEqual(-1);
        expect(interval!.upper).toBeLessThanOrEqual(1);
        expect(interval!.upper - interval!.lower).toBeGreaterThan(0);
        expect(interval!.lower).toBeLessThanOrEqual(mean);
        expect(interval!.upper).toBeGreaterThanOrEqual(mean);
      }),
      { numRuns: 60 },
    );
  });

  test('seeds that agree to the last problem are as sure as one problem is fine', () => {
    const { interval } = tInterval([0.1, 0.1, 0.1], { step: 0.01 });
    // t(2) · 0.01 / √12 / √3
    expect(interval!.upper - 0.1).toBeCloseTo((4.3026527 * 0.01) / 6, 8);
  });
});

/** Plain percentile bootstrap with a small linear generator: only here, to check the exact one against. */
function sampledBootstrap(counts: { n: number; onlyFirst: number; onlySecond: number }, resamples: number) {
  let state = 12345;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const differences = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < counts.n; draw += 1) {
      const index = Math.floor(next() * counts.n);
      if (index < counts.onlyFirst) sum += 1;
      else if (index < counts.onlyFirst + counts.onlySecond) sum -= 1;
    }
    return sum / counts.n;
  }).sort((a, b) => a - b);
  return {
    lower: differences[Math.floor(resamples * 0.025)] ?? 0,
    upper: differences[Math.ceil(resamples * 0.975) - 1] ?? 0,
  };
}
