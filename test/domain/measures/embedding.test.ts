import {
  cosineDissimilarity,
  embeddingDissimilarity,
  pairDissimilarities,
} from '../../../src/domain/measures/embedding';

test.each([
  ['the same direction', [1, 2], [2, 4], 0],
  ['a right angle', [1, 0], [0, 3], 1],
  ['opposite directions', [1, 1], [-2, -2], 2],
  ['sixty degrees', [1, 0], [1, Math.sqrt(3)], 0.5],
  ['two zero vectors', [0, 0], [0, 0], 0],
  ['a zero vector and another', [0, 0], [1, 0], 1],
])('1 - cosine of %s', (_, first, second, expected) => {
  expect(cosineDissimilarity(first, second)).toBeCloseTo(expected, 12);
});

test('embeddings of different sizes are refused', () => {
  expect(() => cosineDissimilarity([1], [1, 2])).toThrow('1 and 2 dimensions');
});

test('the measure is the mean over problems of the mean over pairs', () => {
  const place = (problemId: string) => ({ problemId, round: 1 });
  const pairs = [
    // Pairs: 1, 0, 1 -> mean 2/3; and 2, 2, 0 -> mean 4/3.
    ...pairDissimilarities(place('one'), [
      [1, 0],
      [0, 1],
      [1, 0],
    ]),
    ...pairDissimilarities(place('two'), [
      [1, 0],
      [-1, 0],
      [-3, 0],
    ]),
  ];
  expect(pairs.map(({ first, second }) => [first, second])).toEqual([
    [1, 2],
    [1, 3],
    [2, 3],
    [1, 2],
    [1, 3],
    [2, 3],
  ]);
  expect(embeddingDissimilarity(pairs)).toMatchObject({ value: expect.closeTo(1, 12) as number, n: 2 });
});

test('one member has no pairs', () => {
  expect(pairDissimilarities({ problemId: 'one', round: 1 }, [[1, 0]])).toEqual([]);
  expect(embeddingDissimilarity([])).toBeUndefined();
});
