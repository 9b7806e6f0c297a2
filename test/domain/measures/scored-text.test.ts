import {
  endOfTurnToken,
  inGroups,
  scoredText,
  sumOfResponse,
  textsToRead,
} from '../../../src/domain/measures/scored-text';

test('a response is scored behind its prompt, with the end of its turn', () => {
  const text = scoredText({ prompt: [1, 2], response: [3, 4], endOfTurn: 9 });
  expect(text).toEqual({ tokens: [1, 2, 3, 4, 9], from: 2 });
  expect(sumOfResponse(text, [null, -9, -1, -2, -3])).toEqual({ logProbability: -6, tokens: 3 });
});

test('without a prompt the first token has no probability and adds nothing', () => {
  expect(sumOfResponse({ tokens: [1, 2], from: 0 }, [null, -2])).toEqual({ logProbability: -2, tokens: 2 });
});

test('what stands behind the response in a longer text does not count', () => {
  expect(sumOfResponse({ tokens: [1, 2, 3], from: 1 }, [null, -1, -2, -4, -8])).toEqual({
    logProbability: -3,
    tokens: 2,
  });
});

describe('of several texts', () => {
  const textOf = (...tokens: number[]) => ({ tokens, from: 1 });
  const [short, middle, long, other] = [textOf(1, 2), textOf(1, 2, 3), textOf(1, 2, 3, 4, 5), textOf(1, 22)];

  test('only those are read that begin no longer one, shortest first; each is found in one that is read', () => {
    const { read, containing } = textsToRead([long, short, other, middle]);
    expect(read).toEqual([other, long]);
    expect(containing).toEqual([long, long, other, long]);
  });

  test('equal ones are read once', () => {
    const { read, containing } = textsToRead([short, textOf(1, 2), other]);
    expect(read).toHaveLength(2);
    expect(containing.map(({ tokens }) => tokens)).toEqual([short.tokens, short.tokens, other.tokens]);
  });

  test('none is none', () => {
    expect(textsToRead([])).toEqual({ read: [], containing: [] });
  });
});

test.each([
  ['follows prompt and response', [1, 2, 3, 9, 10], 9],
  ['is not there', [1, 2, 3], undefined],
  ['cannot be told where the template writes another text', [1, 7, 3, 9], undefined],
])('the end of a turn %s', (_, closed, expected) => {
  expect(endOfTurnToken({ prompt: [1, 2], response: [3], closed })).toBe(expected);
});

test('groups hold at most so many items and so much weight, in order; a heavy item stands alone', () => {
  const groups = inGroups([2, 2, 2, 9, 1, 1, 1, 1], (weight) => weight, { items: 3, weight: 5 });
  expect(groups).toEqual([[2, 2], [2], [9], [1, 1, 1], [1]]);
});
