/**
 * Whom an iteration asks once agents differ: in iteration 1 every agent still is the base, so that a turn of the wrong agent
 * looks like one of the right agent. Here each has weights of its own at an endpoint of theirs, each role its own sampling,
 * and no two responses are of one length.
 */
import type { StoredCompletion } from '../../src/contract/completion';
import { parseLines } from '../../src/artifacts/lines';
import { readSealed } from '../../src/artifacts/sealed';
import type { RunPlan } from '../../src/contract/run';
import type { Society } from '../../src/contract/society';
import type { TrainingExample } from '../../src/contract/training';
import { drawKey } from '../../src/domain/draws';
import { agentOf, memberNumbers } from '../../src/domain/identifiers';
import { iterationKeys } from '../../src/domain/keys';
import type { ChatCompletion, ChatRequest, TrainedModel, TrainingRequest } from '../../src/ports';
import { activityWorld, evaluationShard, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';
import { FakeInference, FakeTrainer } from '../support/fake-ports';

interface Asked extends ChatRequest {
  endpoint: string;
}

const asked: Asked[] = [];

/** Writes down who was asked where. A response's length comes from the seed, so that it is the same in every run. */
class RecordedInference extends FakeInference {
  constructor(private readonly endpoint: string) {
    super();
  }

  override async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    const { text, ...completion } = await super.complete(request, signal);
    asked.push({ ...request, endpoint: this.endpoint });
    const long = `${'.'.repeat(request.seed % 997)} ${text}`;
    return { ...completion, text: long, usage: { promptTokens: 20 + text.length, completionTokens: long.length } };
  }
}

/** Its models are served apart from the base. */
class OtherPlaceTrainer extends FakeTrainer {
  override async train(request: TrainingRequest): Promise<TrainedModel> {
    return { ...(await super.train(request)), endpoint: 'tuned' };
  }
}

const seed = 5;
const roles = ['generation', 'critic', 'summariser'] as const;
const sampling = {
  generation: { temperature: 0.9, topP: 0.8, maxTokens: 300 },
  critic: { temperature: 0.7, topP: 0.7, maxTokens: 400 },
  summariser: { temperature: 0.2, topP: 0.6, maxTokens: 500 },
};

let world: ActivityWorld;
let trainer: OtherPlaceTrainer;
let plan: RunPlan;
let society: Society;

beforeAll(async () => {
  const endpoints = new Map<string, RecordedInference>();
  const at = (endpoint: string): RecordedInference => {
    const known = endpoints.get(endpoint) ?? new RecordedInference(endpoint);
    endpoints.set(endpoint, known);
    return known;
  };
  world = await activityWorld(({ store }) => {
    trainer = new OtherPlaceTrainer(store);
    return { inference: at, trainer: () => trainer };
  });
  plan = await world.resolve('run', { seed, sampling, iterations: 2 });
  for (const iteration of [1, 2]) {
    const { transcripts } = await world.debate(shardOf(iteration));
    await world.call('selectTrainingData', { plan, iteration, transcripts: [transcripts] });
    for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId: 'run', iteration, agent });
    await world.call('recordSociety', { plan, iteration });
  }
  society = (await readSealed<Society>(world.store, iterationKeys.society({ runId: 'run', iteration: 1 })))!;
});

afterAll(() => world.remove());

const shardOf = (iteration: number) => trainingShard(plan, { iteration, societyIteration: iteration - 1 });

interface Turn {
  problemId: string;
  member: number;
  round: number;
}

async function turnsOf(round: number): Promise<Turn[]> {
  const { problemIds } = await world.call('openShard', shardOf(2));
  return problemIds.flatMap((problemId) => memberNumbers(3).map((member) => ({ problemId, member, round })));
}

async function stored({ problemId, member, round }: Turn, part: 'response' | 'summary'): Promise<StoredCompletion> {
  const place = {
    runId: 'run',
    iteration: 2,
    split: 'train',
    problemId,
    round,
    agent: agentOf(member, round),
  } as const;
  return (await readSealed<StoredCompletion>(world.store, iterationKeys.turn({ ...place, part })))!;
}

const seedOf = (name: string): number => Number.parseInt(drawKey(name).slice(0, 8), 16) >>> 1;

test('every agent of the society has a model of its own, and no two responses are of one length', async () => {
  expect(new Set(Object.values(society.agents).map(({ model }) => model)).size).toBe(6);
  const responses = await Promise.all((await turnsOf(2)).map((turn) => stored(turn, 'response')));
  expect(new Set(responses.map(({ response }) => response.length)).size).toBe(responses.length);
});

test('each turn is asked of its own agent, where that is served', async () => {
  for (const turn of [...(await turnsOf(1)), ...(await turnsOf(2))]) {
    const { model, endpoint } = await stored(turn, 'response');
    const agent = agentOf(turn.member, turn.round);
    expect({ agent, model, endpoint }).toEqual({ agent, model: society.agents[agent]!.model, endpoint: 'tuned' });
  }
});

test('summaries are asked of the untuned base model, where that is served', async () => {
  for (const turn of await turnsOf(2))
    expect(await stored(turn, 'summary')).toMatchObject({ model: 'fake-base', endpoint: 'embedded' });
  const summaries = asked.filter(({ messages }) => messages.at(-1)!.content.startsWith('List:'));
  expect(new Set(summaries.map(({ endpoint, model }) => `${model} at ${endpoint}`))).toEqual(
    new Set(['fake-base at embedded']),
  );
  expect(society.summariser).toBe('fake-base');
});

test('each role is sampled with its own settings', async () => {
  for (const turn of await turnsOf(2)) {
    const of = [stored({ ...turn, round: 1 }, 'response'), stored(turn, 'response'), stored(turn, 'summary')];
    expect((await Promise.all(of)).map((each) => each.sampling)).toEqual(roles.map((role) => sampling[role]));
  }
});

test("a response's seed is drawn by run, iteration, split, problem, round and agent", async () => {
  for (const turn of [...(await turnsOf(1)), ...(await turnsOf(2))]) {
    const { problemId, member, round } = turn;
    const name = `response/${seed}/2/train/${problemId}/${round}/${agentOf(member, round)}`;
    expect((await stored(turn, 'response')).seed).toBe(seedOf(name));
  }
});

test("a summary's seed is its own, drawn by run, iteration, split, problem, round and the critic who reads it", async () => {
  for (const turn of await turnsOf(2)) {
    const name = `summary/${seed}/2/train/${turn.problemId}/2/critic-${turn.member}`;
    expect((await stored(turn, 'summary')).seed).toBe(seedOf(name));
  }
});

test('samples of a vote have the settings of the generation agents, in turn, and seeds of their own', async () => {
  const shard = { ...evaluationShard(plan), iteration: 1, societyIteration: 1 };
  const problemId = 'arithmetic-000000';
  const before = asked.length;
  const place = { ...turnOf(shard, { problemId, round: 1, member: 1 }), fromSample: 4, toSample: 6 };
  await world.call('drawVoteSamples', place);
  const samples = asked.slice(before).sort((left, right) => (left.model < right.model ? -1 : 1));
  expect(samples).toMatchObject(
    [1, 2, 3].map((member) => ({
      model: society.agents[`generation-${member}`]!.model,
      sampling: sampling.generation,
      seed: seedOf(`response/${seed}/1/eval/${problemId}/1/generation-${member}.sample-${member + 3}`),
    })),
  );
});

test("each training goes on from the agent's own weights, with a seed drawn by run, iteration and agent", () => {
  const second = trainer.requests.filter(({ iteration }) => iteration === 2);
  expect(second.map(({ agent }) => agent)).toEqual(plan.trainedAgents);
  for (const { agent, start, seed: drawn } of second)
    expect({ agent, start, drawn }).toEqual({
      agent,
      start: society.agents[agent]!.model,
      drawn: seedOf(`training/${seed}/2/${agent}`),
    });
});

test('each agent is trained on what it was sent and answered in this iteration', async () => {
  for (const { agent, trainingSet } of trainer.requests.filter(({ iteration }) => iteration === 2)) {
    const examples = parseLines<TrainingExample>(await world.store.readVerified(trainingSet));
    expect(examples.length).toBeGreaterThan(0);
    for (const { problemId, member, round, messages, completion, iteration } of examples) {
      const turn = await stored({ problemId, member, round }, 'response');
      expect({ agent, iteration, messages, completion }).toEqual({
        agent: agentOf(member, round),
        iteration: 2,
        messages: turn.messages,
        completion: turn.response,
      });
    }
  }
});

test('who answered wrongly is asked again with a hint by its own weights, with the generation agents’ settings and a seed of its own', async () => {
  const hinting = await world.resolve('hinting', {
    method: { preset: 'star', prompts: 'compact' },
    sampling: sampling.generation,
    seed,
    iterations: 2,
    task: { kind: 'arithmetic', max: 10, train: 12, eval: 1 },
  });
  const pass = (iteration: number) => trainingShard(hinting, { iteration, societyIteration: iteration - 1 });
  const askAgain = async (iteration: number) => {
    const shard = pass(iteration);
    const { problemIds } = await world.call('openShard', shard);
    for (const problemId of problemIds) {
      const turn = turnOf(shard, { problemId, round: 1, member: 1 });
      await world.call('takeTurn', turn);
      await world.call('askWithHints', turn);
    }
    return world.call('closeShard', { shard, failures: [] });
  };
  const { transcripts } = await askAgain(1);
  await world.call('selectTrainingData', { plan: hinting, iteration: 1, transcripts: [transcripts] });
  await world.call('finetuneAgent', { runId: 'hinting', iteration: 1, agent: 'shared' });
  await world.call('recordSociety', { plan: hinting, iteration: 1 });
  const before = asked.length;
  await askAgain(2);
  const again = asked.slice(before).filter(({ messages }) => messages.at(-1)!.content.includes('Others:'));
  expect(again.length).toBeGreaterThan(0);
  const tuned = (await readSealed<Society>(world.store, iterationKeys.society({ runId: 'hinting', iteration: 1 })))!;
  const { model } = tuned.agents['generation-1']!;
  expect(model).not.toBe('fake-base');
  const { problemIds } = await world.call('openShard', pass(2));
  const seeds = problemIds.map((id) => seedOf(`response/${seed}/2/train/${id}/1/generation-1.hinted`));
  for (const request of again) {
    expect(request).toMatchObject({ model, endpoint: 'tuned', sampling: sampling.generation });
    expect(seeds).toContain(request.seed);
  }
});
