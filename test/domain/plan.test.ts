import { automaticShardSize, callsPerDebate, deriveRunPlan } from '../../src/domain/plan';
import { plannedWorkload } from '../../src/domain/workload';
import { resolveSpecification } from '../../src/specification';

const planOf = (changed: object) => {
  const raw = { task: { kind: 'arithmetic', train: 80, eval: 50 }, model: { base: 'tiny' }, ...changed };
  return deriveRunPlan(resolveSpecification(raw).specification, 'my-run');
};

test('a debate of three members and two rounds takes N + 2N(M-1) = 9 calls, 6 without summaries', () => {
  expect(callsPerDebate({ members: 3, rounds: 2, summary: true })).toBe(9);
  expect(callsPerDebate({ members: 3, rounds: 2, summary: false })).toBe(6);
  expect(callsPerDebate({ members: 5, rounds: 1, summary: true })).toBe(5);
});

test.each([
  [3, 2, 50],
  [5, 3, 33],
  [64, 16, 1],
  [1, 1, 50],
  [8, 4, 15],
])('N = %d, M = %d gives shards of %d', (members, rounds, size) =>
  expect(automaticShardSize({ members, rounds })).toBe(size),
);

test('the method trains 2N agents and votes over as many samples as a debate has calls', () =>
  expect(planOf({ iterations: 3 })).toMatchObject({
    runId: 'my-run',
    task: 'arithmetic',
    method: 'multiagent-finetuning',
    members: 3,
    rounds: 2,
    evaluationRounds: 2,
    trainProblems: 80,
    evaluationProblems: 50,
    shardSize: 50,
    voteSamples: 9,
    voteAtIterations: [0, 3],
    trainedAgents: ['generation-1', 'generation-2', 'generation-3', 'critic-1', 'critic-2', 'critic-3'],
  }));

test.each([
  ['base', { trainedAgents: [], iterations: 0, evaluationRounds: 1, members: 1 }],
  ['debate', { trainedAgents: [], iterations: 0, evaluationRounds: 2, voteAtIterations: [0] }],
  ['majority-finetuning', { trainedAgents: ['shared'], evaluationRounds: 1, voteSamples: 3 }],
  ['single-agent', { trainedAgents: ['shared'], evaluationRounds: 2, voteSamples: 9 }],
  [{ rounds: 1 }, { trainedAgents: ['generation-1', 'generation-2', 'generation-3'], evaluationRounds: 1 }],
  [
    { members: 1, rounds: 3 },
    { trainedAgents: ['generation-1', 'critic-1'], voteSamples: 3 },
  ],
])('method %j', (method, expected) => expect(planOf({ method })).toMatchObject(expected));

test('votes can be taken at every iteration, never, and over any k', () => {
  const votes = (settings: object) => planOf({ iterations: 2, evaluation: { votes: settings } });
  expect(votes({ at: 'every-iteration', samples: 27 })).toMatchObject({ voteSamples: 27, voteAtIterations: [0, 1, 2] });
  expect(votes({ samples: [5, 'equal-calls', 2] })).toMatchObject({ voteSamples: 9 });
  expect(votes({ at: 'never' })).toMatchObject({ voteSamples: 0, voteAtIterations: [] });
});

test('beside the votes stand single calls at temperatures of their own, and a vote at equal tokens where one is asked for', () => {
  expect(planOf({}).furtherAnswers).toEqual({ atEqualTokens: false, temperatures: [0, 0.5] });
  const votes = { samples: ['equal-calls', 'equal-tokens'] };
  expect(planOf({ evaluation: { votes, temperatures: [1, 0, 0] } })).toMatchObject({
    voteSamples: 9,
    furtherAnswers: { atEqualTokens: true, temperatures: [0] },
  });
  expect(planOf({ evaluation: { votes: { at: 'never' } } }).furtherAnswers).toBeUndefined();
  const alone = {
    evaluation: { votes: { samples: 'equal-tokens' }, temperatures: [] },
    method: { evaluateBy: 'vote' },
  };
  expect(planOf(alone)).not.toHaveProperty('furtherAnswers');
});

describe('the measure of whether critics read', () => {
  const callsOf = (changed: object) => {
    const raw = { task: { kind: 'arithmetic', train: 80, eval: 50 }, model: { base: 'tiny' }, ...changed };
    const { calls } = plannedWorkload(resolveSpecification(raw).specification);
    expect(calls.total).toBe(calls.training + calls.evaluation + calls.validation);
    return calls.criticReading;
  };

  test('is foreseen at most: six calls per measured problem, four without summaries, at iterations that vote', () => {
    expect(callsOf({ iterations: 3 })).toBe(2 * 50 * 6);
    expect(callsOf({ iterations: 3, evaluation: { votes: { at: 'every-iteration' } } })).toBe(4 * 50 * 6);
    expect(callsOf({ iterations: 3, evaluation: { measuredProblems: 20 } })).toBe(2 * 20 * 6);
    expect(callsOf({ iterations: 3, method: { summary: false } })).toBe(2 * 50 * (3 + 4));
  });

  test.each([
    { name: 'it was not asked for', changed: { evaluation: { measures: ['agreement'] } } },
    { name: 'nothing votes', changed: { evaluation: { votes: { at: 'never' } } } },
    { name: 'there are no critics', changed: { method: 'majority' } },
  ])('takes no calls where $name', ({ changed }) => {
    expect(callsOf(changed)).toBe(0);
    expect(planOf(changed).scoring).not.toContain('critics');
  });
});
