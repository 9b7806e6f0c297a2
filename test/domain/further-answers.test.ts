import { samplesAtEqualTokens } from '../../src/domain/further-answers';

const usage = (promptTokens: number | null, completionTokens: number | null = 10) => ({
  promptTokens,
  completionTokens,
});
const first = [usage(10), usage(10), usage(10)];

test('as many samples as the tokens of the debate pay for, prompts included, by the mean of its first responses', () => {
  // 60 tokens of first responses and 300 of summaries and revisions: 18 samples of 20 tokens.
  expect(samplesAtEqualTokens(first, [...first, usage(90), usage(90), usage(90)])).toBe(18);
  expect(samplesAtEqualTokens([usage(5), usage(15)], [usage(5), usage(15), usage(25)])).toBe(4);
});

test('never fewer than the debate has members, never more than 64', () => {
  expect(samplesAtEqualTokens(first, first)).toBe(3);
  expect(samplesAtEqualTokens(first, [...first, usage(100_000)])).toBe(64);
});

test('unknown where an endpoint did not count the tokens of a call', () => {
  expect(samplesAtEqualTokens(first, [...first, usage(null)])).toBeUndefined();
  expect(samplesAtEqualTokens([usage(1, null)], [usage(1, null)])).toBeUndefined();
  expect(samplesAtEqualTokens([usage(0, 0)], [usage(0, 0)])).toBeUndefined();
});
