/** The ledger of a run: what it paid for, open or finished, adds up to what its shards say and loses nothing that died. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { LedgerEntry } from '../../src/contract/costs';
import type { ShardInput } from '../../src/contract/run';
import { moneyOf, sumOf } from '../../src/domain/costs';
import { addCounts } from '../../src/domain/counts';
import { ProviderError } from '../../src/errors';
import { readLedger } from '../../src/stored-runs/ledger';
import { StoredRun } from '../../src/stored-runs/stored-run';
import { activityWorld, evaluationShard, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';

let world: ActivityWorld;
beforeEach(async () => {
  world = await activityWorld();
});
afterEach(() => world.remove());

async function ledgerOf(runId = 'run'): Promise<LedgerEntry[]> {
  return readLedger((await StoredRun.find(world.store, runId))!);
}

const problem = async (shard: ShardInput) => (await world.call('openShard', shard)).problemIds[0]!;
const failOnce = (charged: boolean) => {
  const charge = charged ? { charged: { promptTokens: 7, completionTokens: 3 } } : {};
  world.inference.trouble = () => {
    world.inference.trouble = () => undefined;
    return new ProviderError('nonsense', { retryable: true, ...charge });
  };
};

test('of an open shard it is what the shard says once it is closed, by stage, iteration, agent and endpoint', async () => {
  const shard = trainingShard(await world.resolve('run'));
  const problemId = await problem(shard);
  failOnce(true);
  await expect(world.call('takeTurn', turnOf(shard, { problemId, round: 1, member: 2 }))).rejects.toThrow('nonsense');
  expect(await ledgerOf()).toMatchObject([
    { stage: 'debate', iteration: 1, agent: 'generation-2', endpoint: 'embedded', kept: { calls: 0 } },
  ]);
  const outcome = await world.debate(shard);
  const closed = await ledgerOf();
  const sum = sumOf(closed);
  expect(sum.kept).toEqual(outcome.counts);
  expect(sum.again).toEqual({ calls: 1, promptTokens: 7, completionTokens: 3, endings: { lost: 1 } });
  expect(outcome.lost).toEqual(sum.again);
  // In one order, whichever of them had a call that was lost: a shard that was killed is stored as one that was not.
  const agents = [1, 2, 3].flatMap((n) => [`generation-${n}`, `critic-${n}`]);
  expect(closed.map(({ agent }) => agent)).toEqual([...agents, 'summariser'].sort());
  await world.store.remove('runs/run/iteration-1/shards/train/shard-00.json');
  const opened = await ledgerOf();
  expect(new Set(opened.map(({ part }) => part))).toEqual(new Set(['maft/run/iteration-1/debate/shard-00']));
  expect(opened.map(({ part: _, ...entry }) => entry)).toEqual(closed);
});

test('a call that its killed worker left behind is in it, with unknown tokens; a refused one is not', async () => {
  const shard = trainingShard(await world.resolve('run'));
  const turn = turnOf(shard, { problemId: await problem(shard), round: 1, member: 1 });
  failOnce(false);
  await expect(world.call('takeTurn', turn)).rejects.toThrow('nonsense');
  const environment = new MockActivityEnvironment();
  world.inference.delayMs = 60_000;
  setTimeout(() => environment.cancel('CANCELLED'), 50);
  await expect(world.call('takeTurn', turn, { environment })).rejects.toThrow();
  const { kept, again } = sumOf(await ledgerOf());
  expect(kept.calls).toBe(0);
  expect(again).toMatchObject({ calls: 1, withoutPromptTokens: 1, withoutCompletionTokens: 1 });
});

test('what another run had asked for costs nothing here', async () => {
  const first = await world.debate(trainingShard(await world.resolve('first')));
  await world.debate(trainingShard(await world.resolve('second', { execution: { reuseTurnsOf: ['first'] } })));
  const { kept, again, adopted } = sumOf(await ledgerOf('second'));
  expect([kept.calls, again.calls]).toEqual([0, 0]);
  expect(adopted).toEqual(first.counts);
});

test('scores count by request, and those that were charged for and failed are in it', async () => {
  const plan = await world.resolve('run', { evaluation: { measures: ['embedding', 'nll'] } });
  const { shard, transcripts } = await world.debate(evaluationShard(plan));
  await world.call('scoreEvaluation', { plan, iteration: 0, shards: [] });
  const score = (kind: 'embedding' | 'agents') =>
    world.call('scoreShard', { plan, iteration: 0, split: 'eval', kind, shard, transcripts });
  const failWith = (charged: boolean) => {
    let isFirst = true;
    world.scoring.trouble = (route) => {
      if (route !== 'score' || !isFirst) return undefined;
      isFirst = false;
      const charge = charged ? { charged: { promptTokens: null, completionTokens: null } } : {};
      return new ProviderError('nonsense', { retryable: true, ...charge });
    };
  };
  for (const charged of [false, true]) {
    failWith(charged);
    await expect(score('agents')).rejects.toThrow('nonsense');
  }
  await score('agents');
  await score('embedding');
  const measured = (await ledgerOf()).filter(({ stage }) => stage === 'measure');
  const scores = sumOf(measured.filter(({ kind }) => kind === 'score'));
  const embeddings = sumOf(measured.filter(({ kind }) => kind === 'embedding'));
  expect([scores.kept.calls, embeddings.kept.calls]).toEqual([1, 1]);
  expect(scores.kept.promptTokens).toBeGreaterThan(0);
  expect(embeddings.kept).toMatchObject({ withoutPromptTokens: 1 });
  expect(scores.again).toMatchObject({ calls: 1, withoutPromptTokens: 1 });
});

test('trainings count the time they held a device, those that were killed too', async () => {
  const plan = await world.resolve('run');
  const { transcripts } = await world.debate(trainingShard(plan));
  await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
  const note = (line: object) =>
    world.store.append('runs/run/iteration-1/weights/generation-1.attempts.jsonl', `\n${JSON.stringify(line)}`);
  await note({ attempt: 'killed', seconds: 0 });
  await note({ attempt: 'killed', seconds: 30 });
  const { runId, recordDigest } = plan;
  for (const agent of ['generation-1', 'critic-1'])
    await world.call('finetuneAgent', { runId, recordDigest, iteration: 1, agent });
  const trainings = (await ledgerOf()).filter(({ kind }) => kind === 'training');
  expect(trainings).toMatchObject([
    { agent: 'generation-1', endpoint: 'local', training: { attempts: 2, tokens: 10 } },
    { agent: 'critic-1', training: { attempts: 1, secondsAgain: 0 } },
  ]);
  expect(trainings[0]!.training!.secondsAgain).toBeGreaterThanOrEqual(30);
});

test('money is what is asked here at the prices of each endpoint; without a price, or without usage, it is unknown', async () => {
  const shard = trainingShard(await world.resolve('run'));
  failOnce(true);
  const turn = turnOf(shard, { problemId: await problem(shard), round: 1, member: 2 });
  await expect(world.call('takeTurn', turn)).rejects.toThrow();
  await world.debate(shard);
  const entries = await ledgerOf();
  const { kept, again } = sumOf(entries);
  const asked = addCounts(kept, again);
  const prices = { promptPerMillion: 2, completionPerMillion: 10, currency: 'USD' };
  const money = (2 * asked.promptTokens + 10 * asked.completionTokens) / 1e6;
  expect(moneyOf(entries, () => prices).known['USD']).toBeCloseTo(money, 12);
  expect(moneyOf(entries, () => prices).unknownCalls).toBe(0);
  expect(moneyOf(entries, () => undefined)).toEqual({ known: {}, unknownCalls: asked.calls });
});
