import type { DriftPoint } from '../../src/contract/guard';
import { judgeDrift } from '../../src/domain/collapse';

const healthy = { meanTokens: 40, truncatedShare: 0.01, commonestTextShare: 0.02, parsedShare: 0.99 };
const untuned: DriftPoint = {
  iteration: 0,
  accuracy: { value: 0.67, standardError: 0.02 },
  agreement: 0.7,
  responses: healthy,
};
const kindsOf = (...points: DriftPoint[]) => judgeDrift([untuned, ...points]).map(({ kind }) => kind);
const after = (changes: Partial<DriftPoint>): DriftPoint => ({ ...untuned, iteration: 1, ...changes });
const accuracy = (value: number) => ({ value, standardError: 0.02 });
const responses = (changes: object) => after({ responses: { ...healthy, ...changes } });

test('a run that gets better sets nothing off', () => {
  expect(kindsOf(after({ accuracy: accuracy(0.8), agreement: 0.85 }))).toEqual([]);
});

test('agreement that rises while accuracy falls is found, against the best iteration before', () => {
  const better = after({ accuracy: accuracy(0.8), agreement: 0.8 });
  const worse = { ...untuned, iteration: 2, accuracy: accuracy(0.72), agreement: 0.85 };
  const [finding] = judgeDrift([untuned, better, worse]);
  expect(finding).toEqual({
    kind: 'agreement-without-accuracy',
    iteration: 2,
    message:
      'at iteration 2 the members agree more (80.0 % to 85.0 %) but their consensus is right less often (80.0 % to 72.0 %) than at iteration 1',
  });
});

test('a large fall is found whatever agreement does', () => {
  const fallen = after({ accuracy: accuracy(0.5), agreement: 0.5 });
  expect(judgeDrift([untuned, fallen]).map(({ kind, message }) => [kind, message])).toEqual([
    ['accuracy-falls', 'at iteration 1 the consensus is right less often (67.0 % to 50.0 %) than at iteration 0'],
  ]);
});

test.each([
  ['a fall within two standard errors', 0.62, 0.02, 0.9],
  ['a fall below five points without more agreement', 0.63, 0.001, 0.7],
])('%s is none', (_, value, standardError, agreement) => {
  const untunedToo = { ...untuned, accuracy: { value: 0.67, standardError } };
  expect(judgeDrift([untunedToo, after({ accuracy: { value, standardError }, agreement })])).toEqual([]);
});

test('a small fall counts neither where the standard error is tiny', () => {
  const exact = (value: number) => ({ value, standardError: 0.0001 });
  const points = [{ ...untuned, accuracy: exact(0.67) }, after({ accuracy: exact(0.65), agreement: 0.9 })];
  expect(judgeDrift(points)).toEqual([]);
});

test.each<[string, object, string[]]>([
  ['half as long again', { meanTokens: 60 }, ['responses-lengthen']],
  ['a little longer', { meanTokens: 59 }, []],
  ['a third as long', { meanTokens: 13 }, ['responses-shrink']],
  ['cut at the limit', { truncatedShare: 0.2 }, ['responses-cut']],
  ['one text', { commonestTextShare: 0.5 }, ['responses-alike']],
  ['without answers', { parsedShare: 0.5 }, ['answers-lost']],
])('responses that are %s: %j', (_, changes, kinds) => {
  expect(kindsOf(responses(changes))).toEqual(kinds);
});

test('an endpoint that does not count tokens has neither lengthened nor shortened anything', () => {
  const uncounted = { ...untuned, responses: { ...healthy, meanTokens: 0 } };
  expect(judgeDrift([uncounted, { ...uncounted, iteration: 1 }])).toEqual([]);
});

test('a base that says one thing from the start is not found to have collapsed', () => {
  const dull = { ...untuned, responses: { ...healthy, commonestTextShare: 0.6 } };
  expect(judgeDrift([dull, { ...dull, iteration: 1 }])).toEqual([]);
});

test.each([
  [800, 7, true],
  [800, 8, false],
  [5000, 40, true],
  [12, 3, false],
  [12, 2, true],
])('of %d problems a training set of %d is nearly empty: %s', (problems, examples, expected) => {
  const training = {
    problems,
    agents: [
      { agent: 'critic-1', examples },
      { agent: 'critic-2', examples: 900 },
    ],
  };
  expect(kindsOf(after({ training }))).toEqual(expected ? ['training-set-nearly-empty'] : []);
});

test('where every training set is empty that is said, and no agent is named', () => {
  const agents = ['generation-1', 'critic-1'].map((agent) => ({ agent, examples: 0 }));
  const [finding] = judgeDrift([untuned, after({ training: { problems: 800, agents } })].flat());
  expect(finding!.message).toBe('at iteration 1 every training set is empty; 800 problems were debated');
});

test('what was not measured is not judged', () => {
  expect(judgeDrift([{ iteration: 0 }, { iteration: 1 }])).toEqual([]);
  expect(judgeDrift([])).toEqual([]);
});

describe('a threshold that is just reached counts, one that is just missed does not', () => {
  const nothing = { meanTokens: 0, truncatedShare: 0, commonestTextShare: 0, parsedShare: 0 };
  type Responses = typeof nothing;
  const found = (before: Partial<Responses>, now: Partial<Responses>) => {
    const point = (iteration: number, changes: object) => ({ iteration, responses: { ...nothing, ...changes } });
    return judgeDrift([point(0, before), point(1, now)]).map(({ kind }) => kind);
  };

  test.each<[string, Partial<Responses>, Partial<Responses>, Partial<Responses>]>([
    ['responses-lengthen', { meanTokens: 40 }, { meanTokens: 60 }, { meanTokens: 59.9 }],
    ['responses-shrink', { meanTokens: 40 }, { meanTokens: 16 }, { meanTokens: 16.1 }],
    ['responses-cut', { truncatedShare: 0.1 }, { truncatedShare: 0.25 }, { truncatedShare: 0.249 }],
    ['responses-alike', { commonestTextShare: 0 }, { commonestTextShare: 0.3 }, { commonestTextShare: 0.299 }],
    ['responses-alike', { commonestTextShare: 0.3 }, { commonestTextShare: 0.5 }, { commonestTextShare: 0.499 }],
    ['answers-lost', { parsedShare: 0.2 }, { parsedShare: 0 }, { parsedShare: 0.001 }],
  ])('%s, from %j: %j, and not %j', (kind, before, reached, missed) => {
    expect(found(before, reached)).toEqual([kind]);
    expect(found(before, missed)).toEqual([]);
  });

  const fell = (from: { value: number; standardError: number }, agreement: number) =>
    judgeDrift([
      { iteration: 0, accuracy: from, agreement: 0 },
      { iteration: 1, accuracy: { value: 0, standardError: 0 }, agreement },
    ]).map(({ kind }) => kind);
  const certain = (value: number) => ({ value, standardError: 0 });

  test('a fall of three points with two points more agreement, or of five points alone', () => {
    expect(fell(certain(0.03), 0.02)).toEqual(['agreement-without-accuracy']);
    expect(fell(certain(0.03), 0.019)).toEqual([]);
    expect(fell(certain(0.029), 0.02)).toEqual([]);
    expect(fell(certain(0.05), 0.019)).toEqual(['accuracy-falls']);
    expect(fell(certain(0.049), 0.019)).toEqual([]);
    // In the machine, 0.36 - 0.31 is below 0.05.
    const points = [0.36, 0.31].map((value, iteration) => ({ iteration, accuracy: certain(value), agreement: 0 }));
    expect(judgeDrift(points).map(({ kind }) => kind)).toEqual(['accuracy-falls']);
  });

  test('and of two standard errors of the difference', () => {
    expect(fell({ value: 0.5, standardError: 0.25 }, 0)).toEqual(['accuracy-falls']);
    expect(fell({ value: 0.5, standardError: 0.251 }, 0)).toEqual([]);
  });

  test('the best iteration before is the earliest of equals, and one without accuracy is passed over', () => {
    const points: DriftPoint[] = [0.5, 0.9, 0.9].map((value, iteration) => ({ iteration, accuracy: certain(value) }));
    const [finding, ...others] = judgeDrift([{ iteration: 4, accuracy: certain(0.7) }, { iteration: 3 }, ...points]);
    expect(others).toEqual([]);
    expect(finding).toEqual({
      kind: 'accuracy-falls',
      iteration: 4,
      message: 'at iteration 4 the consensus is right less often (90.0 % to 70.0 %) than at iteration 1',
    });
  });
});
