import type { InvalidRunSpec } from '../../src/errors';
import { resolveComparison } from '../../src/specification/comparison';

const base = {
  name: 'claimed',
  task: { kind: 'arithmetic', max: 10, train: 20, eval: 10 },
  model: { base: 'models/tiny-arithmetic' },
  iterations: 2,
  methods: ['debate', 'single-agent', 'multiagent-finetuning', { name: 'control', select: 'none' }],
};
const claimsOf = (claims: unknown, changes: object = {}) => resolveComparison({ ...base, ...changes, claims }).claims;
const problemsOf = (claim: unknown, changes: object = {}): string[] => {
  try {
    claimsOf([claim], changes);
    return [];
  } catch (error) {
    return (error as InvalidRunSpec).problems;
  }
};

describe('claims', () => {
  it('name who beats whom, answering as each does after its last iteration unless they say otherwise', () => {
    const claims = claimsOf([
      { method: 'multiagent-finetuning', beats: 'debate', by: 10 },
      { method: 'multiagent-finetuning', answering: 'vote-9', beats: { iteration: 0 }, note: 'nine calls' },
      { method: 'multiagent-finetuning', iteration: 1, beats: { method: 'control', iteration: 'equal-steps' } },
      { method: 'single-agent', curve: 'peaks-and-falls' },
    ]);
    const society = { method: 'multiagent-finetuning' };
    const voting = { ...society, answering: 'vote-9' };
    expect(claims).toEqual([
      {
        kind: 'beats',
        first: { ...society, iteration: 'last' },
        second: { method: 'debate', iteration: 'last' },
        by: 0.1,
      },
      {
        kind: 'beats',
        first: { ...voting, iteration: 'last' },
        second: { ...voting, iteration: 0 },
        by: 0,
        note: 'nine calls',
      },
      {
        kind: 'beats',
        first: { ...society, iteration: 1 },
        second: { method: 'control', iteration: 'equal-steps' },
        by: 0,
      },
      { kind: 'peaks-and-falls', first: { method: 'single-agent' } },
    ]);
  });

  it('decide nothing of the runs: a comparison with them is the same one', () => {
    const claimed = resolveComparison({ ...base, claims: [{ method: 'single-agent', curve: 'rises' }] });
    const plain = resolveComparison(base);
    expect(claimed.digest).toBe(plain.digest);
    expect(claimed.groups('id')).toEqual(plain.groups('id'));
    expect(plain).not.toHaveProperty('claims');
  });

  const tasks = ['small', 'large'].map((name) => ({ ...base.task, name }));
  const elsewhere = { task: undefined, tasks, methods: ['debate', { name: 'on-small', trainOn: 'small' }] };
  const society = { method: 'multiagent-finetuning' };
  it.each([
    [
      'an unknown method',
      { method: 'single-agnet', beats: 'debate' },
      'claims.0.method: "single-agnet" is not one of the methods; did you mean "single-agent"? (debate, single-agent, ',
    ],
    [
      'an unknown rival',
      { ...society, beats: 'debates' },
      'claims.0.beats.method: "debates" is not one of the methods; did you mean "debate"?',
    ],
    ['no way of answering', { ...society, answering: 'samples', beats: 'debate' }, 'did you mean "sample"?'],
    ['neither', society, 'claims.0: give either `beats` (whom it beats) or `curve` (rises, peaks-and-falls)'],
    ['both', { ...society, beats: 'debate', curve: 'rises' }, 'claims.0: give either'],
    [
      'a field of another name',
      { ...society, beat: 'debate' },
      'claims.0.beat: "debate" is an unknown field; did you mean "beats"?',
    ],
    [
      'a field of a rival',
      { ...society, beats: { iterations: 2 } },
      'claims.0.beats.iterations: 2 is an unknown field; did you mean "iteration"?',
    ],
    [
      'no difference',
      { ...society, beats: 'debate', by: 0 },
      'claims.0.by: 0 is not allowed; it must be a number above 0',
    ],
    [
      'an unknown shape',
      { ...society, curve: 'grows' },
      'claims.0.curve: "grows" is not allowed; it must be one of "rises", "peaks-and-falls"',
    ],
    [
      'an iteration that is never made',
      { ...society, iteration: 3, beats: 'debate' },
      'claims.0.iteration: 3 is impossible: "multiagent-finetuning" has 2 iterations',
    ],
    [
      'an iteration of a curve',
      { ...society, iteration: 1, curve: 'rises' },
      'claims.0.iteration: a curve is judged over all its iterations',
    ],
    [
      'a vote that is not taken',
      { ...society, answering: 'vote-8', beats: { iteration: 0 } },
      'claims.0.answering: "vote-8" is not measured of "multiagent-finetuning" after iteration 2 (society, sample, vote-3, vote-9, ',
    ],
    [
      'a vote that is not taken then',
      { ...society, answering: 'vote-9', iteration: 1, beats: 'debate' },
      'claims.0.answering: "vote-9" is not measured of "multiagent-finetuning" after iteration 1',
    ],
    [
      'a curve of votes at its ends only',
      { ...society, answering: 'vote-9', curve: 'rises' },
      'claims.0.answering: "vote-9" is not measured of "multiagent-finetuning" after every iteration',
    ],
    [
      'a curve of a point',
      { method: 'debate', curve: 'rises' },
      'claims.0.curve: "debate" has 0 iterations; a curve that rises takes at least 1',
    ],
    ['one side twice', { ...society, beats: society.method }, 'claims.0.beats: nothing beats itself'],
    [
      'steps of other agents',
      { ...society, beats: { method: 'single-agent', iteration: 'equal-steps' } },
      'claims.0.beats.iteration: "equal-steps" compares each agent with the same one of "multiagent-finetuning"; "single-agent" trains other agents',
    ],
    [
      'what was before training elsewhere',
      { method: 'on-small', iteration: 0, beats: 'debate' },
      'claims.0: "on-small" has a `trainOn`',
      elsewhere,
    ],
  ])('are refused: %s', (_, claim, expected, changes: object = {}) => {
    expect(problemsOf(claim, changes).join('\n')).toContain(expected);
  });
});
