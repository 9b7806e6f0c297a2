import {
  debateRules,
  evaluationSize,
  sampleVoice,
  societySize,
  speakingAgents,
  voiceOf,
} from '../../src/domain/debate-rules';
import { specified } from '../support/specified';

const other = { members: 5, rounds: 3 };
/** One model for all may be evaluated with more members than it was trained with. */
const method = 'single-agent';

test('training debates have the N and M of the method, evaluation debates those of the evaluation where it names any', () => {
  const specification = specified({ method, evaluation: other });
  expect(debateRules(specification, 'train')).toEqual({ members: 3, rounds: 2, critics: 'own' });
  expect(debateRules(specification, 'eval')).toEqual({ ...other, critics: 'own' });
  expect(debateRules(specification, 'eval.validation')).toEqual({ ...other, critics: 'own' });
  expect(debateRules(specified({}), 'eval')).toEqual({ members: 3, rounds: 2, critics: 'own' });
});

test('one agent gives all first answers at evaluation only', () => {
  const specification = specified({ evaluation: { firstRoundBy: 'generation-2' } });
  const size = { members: 3, rounds: 2, critics: 'own' };
  expect(debateRules(specification, 'eval')).toEqual({ ...size, firstRoundBy: 'generation-2' });
  expect(debateRules(specification, 'train')).toEqual(size);
});

test('a society that answers by a sample or a vote is evaluated in one round, however many its debates have', () => {
  for (const evaluateBy of ['sample', 'vote'])
    expect(evaluationSize(specified({ method: { evaluateBy } }))).toEqual({
      members: 3,
      rounds: 1,
    });
  expect(evaluationSize(specified({ evaluation: { rounds: 3 } }))).toEqual({ members: 3, rounds: 3 });
});

test('a society has agents for the larger of its two debates, in each direction', () => {
  expect(societySize(specified({ method, evaluation: { members: 2, rounds: 4 } }))).toEqual({ members: 3, rounds: 4 });
  expect(societySize(specified({ method, evaluation: { members: 5, rounds: 1 } }))).toEqual({ members: 5, rounds: 2 });
});

test('no critic speaks with one round, nor where the generation agents answer the later ones', () => {
  const generation = ['generation-1', 'generation-2'];
  const size = { members: 2, rounds: 2 };
  expect(speakingAgents({ ...size, critics: 'own' })).toEqual([...generation, 'critic-1', 'critic-2']);
  expect(speakingAgents({ ...size, critics: 'untuned' })).toEqual([...generation, 'critic-1', 'critic-2']);
  expect(speakingAgents({ ...size, critics: 'generation' })).toEqual(generation);
  expect(speakingAgents({ members: 2, rounds: 1, critics: 'own' })).toEqual(generation);
});

test.each([
  ['own', 1, 'generation-2', 'generation-2'],
  ['own', 2, 'critic-2', 'critic-2'],
  ['own', 3, 'critic-2', 'critic-2'],
  ['untuned', 2, 'critic-2', 'critic-2'],
  ['generation', 1, 'generation-2', 'generation-2'],
  ['generation', 2, 'generation-2', 'generation-2'],
] as const)('with critics: %s member 2 speaks in round %i by the name %s, and is %s', (critics, round, name, agent) =>
  expect(voiceOf({ member: 2, round }, { members: 3, rounds: 3, critics })).toEqual({ name, agent }),
);

test('one agent may give all first answers: each part keeps its own name, and with it its seed and its file', () => {
  const rules = { members: 3, rounds: 2, critics: 'own', firstRoundBy: 'generation-1' } as const;
  expect(voiceOf({ member: 2, round: 1 }, rules)).toEqual({ name: 'generation-2', agent: 'generation-1' });
  expect(voiceOf({ member: 2, round: 2 }, rules)).toEqual({ name: 'critic-2', agent: 'critic-2' });
  expect(sampleVoice(5, rules)).toEqual({ name: 'generation-2.sample-5', agent: 'generation-1' });
});

test('samples of a vote come from the generation agents in turn', () => {
  const rules = { members: 3, rounds: 2, critics: 'own' } as const;
  expect([1, 3, 4, 9].map((sample) => sampleVoice(sample, rules))).toEqual([
    { name: 'generation-1', agent: 'generation-1' },
    { name: 'generation-3', agent: 'generation-3' },
    { name: 'generation-1.sample-4', agent: 'generation-1' },
    { name: 'generation-3.sample-9', agent: 'generation-3' },
  ]);
});
