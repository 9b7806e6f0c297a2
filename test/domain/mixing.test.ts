import fc from 'fast-check';
import { drawKey } from '../../src/domain/draws';
import {
  exactShare,
  exceedsShare,
  lossWeights,
  mixedCounts,
  roundedPart,
  sampleProblems,
  type Mixing,
} from '../../src/domain/mixing';

const sizes = fc.record({ corrected: fc.integer({ min: 0, max: 500 }), consistent: fc.integer({ min: 0, max: 500 }) });
/** Decimals as users write them. */
const shares = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);

test.each([
  [0.3, 10, 3],
  [0.29, 100, 29],
  [0.57, 100, 57],
  [0.5, 3, 2],
  [0.5, 5, 3],
  [0.25, 2, 1],
  [0.35, 10, 4],
  [1e-7, 10_000_000, 1],
  [0, 9, 0],
  [1, 9, 9],
])('w = %d of %d is exactly %d, halves rounded up', (share, count, part) =>
  expect(roundedPart(exactShare(share), count)).toBe(part),
);

test('w is taken as the decimal it is written as, for any number of digits and any size of a side', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), fc.nat(5000), (digits, part, size) => {
      const numerator = part % (10 ** digits + 1);
      const share = Number(
        `${Math.floor(numerator / 10 ** digits)}.${String(numerator % 10 ** digits).padStart(digits, '0')}`,
      );
      const twice = 2n * BigInt(numerator) * BigInt(size) + BigInt(10 ** digits);
      const exact = Number(twice / (2n * BigInt(10 ** digits)));
      expect(mixedCounts({ corrected: size, consistent: 0 }, share, 'sample-each').corrected).toBe(exact);
    }),
  ));

test('votes / N must exceed the minimum agreement, exactly', () => {
  expect([exceedsShare(3, 5, 0.6), exceedsShare(4, 5, 0.6), exceedsShare(1, 3, 0.5), exceedsShare(2, 3, 0.5)]).toEqual([
    false,
    true,
    false,
    true,
  ]);
  expect([exceedsShare(1, 10, 0.1), exceedsShare(1, 64, 0), exceedsShare(3, 3, 1)]).toEqual([false, true, false]);
});

test.each<[Mixing, number, [number, number], [number, number]]>([
  ['sample-each', 0.5, [10, 20], [5, 10]],
  ['sample-each', 0.25, [10, 20], [3, 15]],
  ['sample-each', 0.5, [1, 0], [1, 0]],
  ['sample-each', 0, [10, 20], [0, 20]],
  ['sample-each', 1, [10, 20], [10, 0]],
  ['exact-share', 0.5, [10, 20], [10, 10]],
  ['exact-share', 0.25, [10, 20], [7, 19]],
  ['exact-share', 0.3, [3, 100], [3, 7]],
  ['exact-share', 0.3, [0, 9], [0, 9]],
  ['exact-share', 0.3, [9, 0], [9, 0]],
  ['exact-share', 0, [9, 4], [0, 4]],
  ['exact-share', 1, [9, 4], [9, 0]],
  ['weighted-loss', 0.1, [9, 4], [9, 4]],
  ['weighted-loss', 0.1, [9, 0], [9, 0]],
  ['weighted-loss', 0, [9, 0], [0, 0]],
  ['weighted-loss', 0, [9, 4], [9, 4]],
  ['weighted-loss', 1, [9, 4], [9, 4]],
  ['weighted-loss', 1, [9, 0], [9, 0]],
  ['weighted-loss', 1, [0, 9], [0, 0]],
])('9. %s with w = %d takes of %j %j', (mixing, share, [corrected, consistent], [fromCorrected, fromConsistent]) =>
  expect(mixedCounts({ corrected, consistent }, share, mixing)).toEqual({
    corrected: fromCorrected,
    consistent: fromConsistent,
  }),
);

test('10. no mixing ever takes more than there is, nor fails on an empty or a smaller side', () =>
  fc.assert(
    fc.property(
      sizes,
      shares,
      fc.constantFrom<Mixing>('sample-each', 'exact-share', 'weighted-loss'),
      (available, share, mixing) => {
        const taken = mixedCounts(available, share, mixing);
        expect(taken.corrected).toBeGreaterThanOrEqual(0);
        expect(taken.consistent).toBeGreaterThanOrEqual(0);
        expect(taken.corrected).toBeLessThanOrEqual(available.corrected);
        expect(taken.consistent).toBeLessThanOrEqual(available.consistent);
      },
    ),
  ));

test('exact-share is within one example of the share, and one side empty keeps all of the other', () =>
  fc.assert(
    fc.property(sizes, shares, (available, share) => {
      const { corrected, consistent } = mixedCounts(available, share, 'exact-share');
      if (share === 0 || share === 1) return;
      if (available.corrected === 0 || available.consistent === 0) expect({ corrected, consistent }).toEqual(available);
      else expect(Math.abs(corrected - share * (corrected + consistent))).toBeLessThanOrEqual(0.5 + 1e-9);
    }),
  ));

test('loss weights average 1 and give the corrected examples the share w', () =>
  fc.assert(
    fc.property(sizes, shares, (examples, share) => {
      fc.pre(examples.corrected > 0 && examples.consistent > 0);
      const weights = lossWeights(examples, share);
      const corrected = weights.corrected * examples.corrected;
      const total = corrected + weights.consistent * examples.consistent;
      expect(total / (examples.corrected + examples.consistent)).toBeCloseTo(1, 9);
      expect(corrected / total).toBeCloseTo(share, 9);
    }),
  ));

test('16. a sample is drawn by the seed: the same for any order of the problems, another for another seed', () => {
  const problems = Array.from({ length: 50 }, (_, index) => `problem-${index}`);
  const draw = { seed: 1, iteration: 1, agent: 'critic-1', set: 'corrected' } as const;
  const sample = sampleProblems(problems, 10, draw);
  expect(sampleProblems([...problems].reverse(), 10, draw)).toEqual(sample);
  expect(sampleProblems(problems, 10, { ...draw, seed: 2 })).not.toEqual(sample);
  expect(sampleProblems(problems, 10, { ...draw, agent: 'critic-2' })).not.toEqual(sample);
  expect(sampleProblems(problems, 10, { ...draw, iteration: 2 })).not.toEqual(sample);
  expect(sample.size).toBe(10);
});

test("a critic's two sides are drawn apart, each by a string that names run, iteration, agent, side and problem", () => {
  const problems = Array.from({ length: 50 }, (_, index) => `problem-${index}`);
  const [corrected, consistent] = (['corrected', 'consistent'] as const).map((set) => {
    const strings = new Map(
      problems.map((problemId) => [drawKey(`mixing/1/2/critic-1/${set}/${problemId}`), problemId]),
    );
    const sample = sampleProblems(problems, 10, { seed: 1, iteration: 2, agent: 'critic-1', set });
    expect([...sample]).toEqual(
      [...strings.keys()]
        .sort()
        .slice(0, 10)
        .map((key) => strings.get(key)),
    );
    return sample;
  });
  expect(corrected).not.toEqual(consistent);
});
