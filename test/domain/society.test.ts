import type { Society } from '../../src/contract/society';
import type { WeightsRecord } from '../../src/contract/training-job';
import {
  baseModels,
  baseOf,
  modelOf,
  nameOfBase,
  readableSociety,
  tunedSociety,
  untunedSociety,
} from '../../src/domain/society';
import { specified as specifiedRun } from '../support/specified';

const specified = (changed: object) => specifiedRun({ model: { base: './a b' }, ...changed });
const untunedOf = (changed: object): Society => ({ ...untunedSociety('run', specified(changed)), version: '0' });
const trained = (agent: string, endpoint?: string): WeightsRecord => ({
  ...{ agent, iteration: 1, model: `tuned-${agent}`, outcome: 'trained' },
  ...(endpoint === undefined ? {} : { endpoint }),
});
const modelsOf = ({ agents }: Pick<Society, 'agents'>) =>
  Object.fromEntries(Object.entries(agents).map(([agent, { model, trainedIn }]) => [agent, `${model}@${trainedIn}`]));

const mixed = {
  model: { base: 'a', members: [{ base: 'a' }, { base: 'b' }, { base: 'c', endpoint: 'elsewhere' }], endpoint: 'here' },
};

test('untuned, every agent and the summariser are the base, by the name that its endpoint knows it by', () => {
  const untuned = untunedOf({});
  const agents = [1, 2, 3].flatMap((member) => [`generation-${member}`, `critic-${member}`]);
  expect(Object.keys(untuned.agents).sort()).toEqual(agents.sort());
  expect(new Set(Object.values(untuned.agents).map((agent) => JSON.stringify(agent)))).toEqual(
    new Set([JSON.stringify({ model: 'a-b', trainedIn: 0, endpoint: 'embedded' })]),
  );
  expect(untuned).toMatchObject({ iteration: 0, summariser: 'a-b', members: 3, rounds: 2, critics: 'own' });
  expect(nameOfBase({ base: './a b', endpoint: 'elsewhere' })).toBe('./a b');
});

test('it has agents for its larger debate, and no critics where no critic speaks', () => {
  expect(untunedOf({ method: 'single-agent', evaluation: { members: 4 } }).members).toBe(4);
  const names = Object.keys(untunedOf({ method: { critics: 'generation' } }).agents);
  expect(names.some((name) => name.startsWith('critic'))).toBe(false);
});

test("in a mixed society each member's agents are its own base, and the summariser is that of all", () => {
  const untuned = untunedOf(mixed);
  for (const role of ['generation', 'critic'])
    expect([1, 2, 3].map((member) => untuned.agents[`${role}-${member}`])).toEqual([
      { model: 'a', trainedIn: 0, endpoint: 'here' },
      { model: 'b', trainedIn: 0, endpoint: 'here' },
      { model: 'c', trainedIn: 0, endpoint: 'elsewhere' },
    ]);
  expect(untuned.summariser).toBe('a');
  expect(baseOf(specified(mixed), 'shared')).toEqual({ base: 'a', endpoint: 'here' });
});

test('the bases of a run stand in its list once each, by name and endpoint', () => {
  const twice = { model: { ...mixed.model, members: [...mixed.model.members.slice(1), { base: 'c' }] } };
  expect(baseModels(specified(twice))).toEqual([
    { base: 'a', endpoint: 'here' },
    { base: 'b', endpoint: 'here' },
    { base: 'c', endpoint: 'elsewhere' },
    { base: 'c', endpoint: 'here' },
  ]);
  expect(baseModels(specified({}))).toEqual([{ base: './a b', endpoint: 'embedded' }]);
});

test('finetuned, each agent has its own new weights; one whose set was empty keeps what it had, and so does the summariser', () => {
  const first = tunedSociety(untunedOf({}), 1, [trained('generation-1', 'tuned'), trained('critic-1')]);
  expect(first.agents['generation-1']).toEqual({ model: 'tuned-generation-1', trainedIn: 1, endpoint: 'tuned' });
  // Records of older versions name no endpoint: the one before.
  expect(first.agents['critic-1']).toEqual({ model: 'tuned-critic-1', trainedIn: 1, endpoint: 'embedded' });
  expect(first.agents['critic-2']).toEqual({ model: 'a-b', trainedIn: 0, endpoint: 'embedded' });
  const empty: WeightsRecord = { agent: 'critic-1', iteration: 2, model: 'unused', outcome: 'empty-training-set' };
  const second = tunedSociety({ ...first, version: '1' }, 2, [empty, trained('critic-2')]);
  expect(modelsOf(second)).toMatchObject({
    'generation-1': 'tuned-generation-1@1',
    'critic-1': 'tuned-critic-1@1',
    'critic-2': 'tuned-critic-2@2',
    'critic-3': 'a-b@0',
  });
  expect(second).toMatchObject({ iteration: 2, summariser: 'a-b' });
  expect(second).not.toHaveProperty('version');
});

test('the one model serves every agent', () => {
  const society = tunedSociety(untunedOf({ method: 'single-agent' }), 1, [trained('shared')]);
  expect(new Set(Object.values(modelsOf(society)))).toEqual(new Set(['tuned-shared@1']));
  expect(modelOf(society, 'shared').model).toBe('tuned-shared');
});

test("an agent's model is its own; `shared` is that of generation-1; an unknown agent is a bug", () => {
  const society = tunedSociety(untunedOf({}), 1, [trained('generation-1'), trained('critic-2')]);
  expect(modelOf(society, 'critic-2').model).toBe('tuned-critic-2');
  expect(modelOf(society, 'shared').model).toBe('tuned-generation-1');
  expect(() => modelOf(society, 'critic-9')).toThrow('society of iteration 1 has no agent critic-9');
});

test("a stored agent without an endpoint is served where its member's base is", () => {
  const { agents, ...society } = untunedOf(mixed);
  const stored = Object.entries(agents).map(([agent, { endpoint, ...model }]) => [
    agent,
    agent === 'critic-1' ? { ...model, endpoint: `${endpoint}-too` } : model,
  ]);
  const read = readableSociety({ ...society, agents: Object.fromEntries(stored) }, specified(mixed));
  expect(read.agents['generation-3']).toEqual(agents['generation-3']);
  expect(read.agents['critic-1']!.endpoint).toBe('here-too');
});
