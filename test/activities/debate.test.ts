/** One debate turn as an activity: what is asked, what is stored, and what a second attempt does. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { CancelledFailure } from '@temporalio/common';
import type { StoredCompletion } from '../../src/contract/completion';
import { completeOnce, newCallMemory } from '../../activities/completions';
import type { VoteRecord } from '../../activities/stored-turns';
import { parseLines } from '../../src/artifacts/lines';
import { readSealed } from '../../src/artifacts/sealed';
import type { RunPlan, ShardInput } from '../../src/contract/run';
import { agentOf, memberNumbers } from '../../src/domain/identifiers';
import { iterationKeys } from '../../src/domain/keys';
import { ArtifactError, ProviderError } from '../../src/errors';
import type { ChatCompletion, ChatRequest } from '../../src/ports';
import { activityWorld, evaluationShard, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';
import { FakeInference } from '../support/fake-ports';
import { until } from '../support/until';

/** Every response is unlike every other, so that a text found in a prompt says where it came from. */
class DistinctInference extends FakeInference {
  override async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    const completion = await super.complete(request, signal);
    const mark = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 12);
    return { ...completion, text: `${mark} ${completion.text}` };
  }
}

describe('a debate turn', () => {
  let world: ActivityWorld;
  let inference: DistinctInference;
  let plan: RunPlan;
  let shard: ShardInput;
  const problemId = 'arithmetic-000004';
  const clientError = () => new ProviderError('500: overloaded', { status: 500, retryable: true });

  beforeEach(async () => {
    inference = new DistinctInference();
    world = await activityWorld(() => ({ inference: () => inference }));
    plan = await world.resolve('run', { method: { prompts: 'compact', rounds: 3 } });
    shard = trainingShard(plan);
  });

  afterEach(() => world.remove());

  const take = (round: number, member: number, environment?: MockActivityEnvironment) =>
    world.call('takeTurn', turnOf(shard, { problemId, round, member }), { environment });
  const takeRound = (round: number) => Promise.all(memberNumbers(plan.members).map((member) => take(round, member)));
  const stored = async (
    round: number,
    member: number,
    part: 'response' | 'summary' = 'response',
  ): Promise<StoredCompletion> => {
    const key = iterationKeys.turn({
      runId: 'run',
      iteration: 1,
      split: 'train',
      problemId,
      round,
      agent: agentOf(member, round),
      part,
    });
    const completion = await readSealed<StoredCompletion>(world.store, key);
    if (completion === undefined) throw new Error(`nothing under ${key}`);
    return completion;
  };
  const textOf = ({ messages }: StoredCompletion): string => messages.map(({ content }) => content).join('\n');

  test('is one call in the first round and two, summary and response, later', async () => {
    expect((await take(1, 1)).counts.calls).toBe(1);
    await takeRound(1);
    expect((await take(2, 1)).counts.calls).toBe(2);
  });

  test('returns answer and counts, never a text', async () => {
    const outcome = await take(1, 2);
    expect(outcome.answer).toMatch(/^-?\d+$/);
    expect(JSON.stringify(outcome)).not.toContain((await stored(1, 2)).response);
  });

  test('mistake 3: a summary holds the responses of the others in the round before, never of the same round', async () => {
    await takeRound(1);
    await takeRound(2);
    // Members 1 and 2 are through with round 3 when member 3 begins it: what they said there must not be seen.
    await take(3, 1);
    await take(3, 2);
    await take(3, 3);
    for (const round of [2, 3]) {
      for (const member of memberNumbers(plan.members)) {
        const asked = textOf(await stored(round, member, 'summary'));
        for (const other of memberNumbers(plan.members)) {
          for (const earlier of memberNumbers(round)) {
            const isShown = other !== member && earlier === round - 1;
            const { response } = await stored(earlier, other);
            expect({ round, member, other, earlier, shown: asked.includes(response) }).toMatchObject({
              shown: isShown,
            });
          }
        }
      }
    }
  });

  test("mistake 6: a critic's prompt never contains its own answer of that round, not even on a second attempt", async () => {
    await takeRound(1);
    for (const round of [2, 3]) {
      await takeRound(round);
      await takeRound(round);
      for (const member of memberNumbers(plan.members)) {
        const turn = await stored(round, member);
        expect(textOf(turn)).not.toContain(turn.response);
        expect(textOf(await stored(round, member, 'summary'))).not.toContain(turn.response);
        expect(textOf(turn)).toContain((await stored(round - 1, member)).response);
      }
    }
  });

  test('the summariser is the untuned base model, and does not see the question', async () => {
    await takeRound(1);
    await take(2, 1);
    const summary = await stored(2, 1, 'summary');
    expect(summary.model).toBe('fake-base');
    expect(textOf(summary)).not.toContain('=?');
  });

  test('a second attempt finds its completions and asks nobody', async () => {
    await takeRound(1);
    const first = await take(2, 1);
    const asked = inference.requests.length;
    expect(await take(2, 1)).toEqual(first);
    expect(inference.requests).toHaveLength(asked);
  });

  test('mistake 12: a retry asks the same model with the same temperature and seed, nothing falls back', async () => {
    const attempts: ChatRequest[] = [];
    inference.trouble = (request) => {
      // Something small that is asked of the model beside them.
      if (request.sampling.maxTokens === 16) return undefined;
      attempts.push(request);
      return attempts.length < 4 ? clientError() : undefined;
    };
    for (let failing = 1; failing < 4; failing++) await expect(take(1, 1)).rejects.toThrow('500');
    await take(1, 1);
    expect(attempts).toHaveLength(4);
    expect(new Set(attempts.map((request) => JSON.stringify(request))).size).toBe(1);
    expect(await stored(1, 1)).toMatchObject({ model: attempts[0]?.model, sampling: attempts[0]?.sampling });
  });

  test('mistake 13: every completion is on disk before anything depends on it', async () => {
    await takeRound(1);
    inference.trouble = ({ messages }) => (messages.length > 1 ? clientError() : undefined);
    await expect(take(2, 1)).rejects.toThrow('500');
    // The response failed; the summary before it was kept and is not asked for again.
    const summary = await stored(2, 1, 'summary');
    inference.trouble = ({ messages }) => (messages.length === 1 ? clientError() : undefined);
    await take(2, 1);
    expect(await stored(2, 1, 'summary')).toEqual(summary);
    expect(await stored(2, 1)).toHaveProperty('response');
  });

  test('of attempts at the same turn that overlap, one completion is kept and all go on with it', async () => {
    const texts = ['one #1', 'two #2', 'three #3'];
    let calls = 0;
    jest.spyOn(inference, 'complete').mockImplementation(async () => ({
      text: texts[calls++ % texts.length] ?? '',
      finishReason: 'stop',
      usage: { promptTokens: 1, completionTokens: 1 },
    }));
    const outcomes = await Promise.all([take(1, 1), take(1, 1), take(1, 1)]);
    expect(new Set(outcomes.map(({ answer }) => answer)).size).toBe(1);
  });

  test('a changed prompt never adopts an old completion', async () => {
    await take(1, 1);
    const { model, messages, sampling, seed, response } = await stored(1, 1);
    const key = iterationKeys.turn({
      runId: 'run',
      iteration: 1,
      split: 'train',
      problemId,
      round: 1,
      agent: 'generation-1',
      part: 'response',
    });
    const asking = (request: ChatRequest) =>
      new MockActivityEnvironment().run(() =>
        completeOnce(
          { store: world.store, inference: () => inference, endpoint: 'local', ...newCallMemory() },
          { key, elsewhere: [] },
          request,
        ),
      );
    expect(((await asking({ model, messages, sampling, seed })) as StoredCompletion).response).toBe(response);
    const asked = inference.requests.length;
    const changes: Partial<ChatRequest>[] = [
      { messages: [{ role: 'user', content: 'another prompt' }] },
      { model: 'another' },
      { sampling: { ...sampling, temperature: 0 } },
      { seed: seed + 1 },
    ];
    for (const change of changes) {
      await expect(asking({ model, messages, sampling, seed, ...change })).rejects.toThrow(ArtifactError);
    }
    expect(inference.requests).toHaveLength(asked);
  });

  test('a corrupt completion is named and not used, and nobody is asked in its place', async () => {
    await take(1, 1);
    const key = iterationKeys.turn({
      runId: 'run',
      iteration: 1,
      split: 'train',
      problemId,
      round: 1,
      agent: 'generation-1',
      part: 'response',
    });
    const file = path.join(world.folder, key);
    await writeFile(file, (await readFile(file, 'utf8')).replace('#', '#9'));
    await expect(take(1, 1)).rejects.toMatchObject({ type: 'ArtifactError', nonRetryable: true });
    expect(inference.requests).toHaveLength(1);
  });

  describe('while a model hangs', () => {
    const seconds = 1_000;

    // Only the heartbeat's clock is played; everything else runs.
    beforeEach(() => {
      jest.useFakeTimers({
        doNotFake: [
          'setTimeout',
          'clearTimeout',
          'setImmediate',
          'nextTick',
          'queueMicrotask',
          'performance',
          'Date',
          'hrtime',
        ],
      });
      jest
        .spyOn(inference, 'complete')
        .mockImplementation(
          (_request, signal) =>
            new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        );
    });

    afterEach(() => jest.useRealTimers());

    const untilAsked = async (): Promise<void> => {
      await until(() => jest.mocked(inference.complete).mock.calls.length > 0);
    };

    test('heartbeats go on, and a cancellation aborts the call and stores nothing', async () => {
      const environment = new MockActivityEnvironment();
      let beats = 0;
      environment.on('heartbeat', () => (beats += 1));
      const outcome = take(1, 1, environment).catch((thrown: unknown) => thrown);
      await untilAsked();
      jest.advanceTimersByTime(20 * seconds);
      expect(beats).toBeGreaterThanOrEqual(2);
      environment.cancel('CANCELLED');
      expect(await outcome).toBeInstanceOf(CancelledFailure);
      await expect(stored(1, 1)).rejects.toThrow('nothing under');
      const beatsAtTheEnd = beats;
      jest.advanceTimersByTime(60 * seconds);
      expect(beats).toBe(beatsAtTheEnd);
    });
  });
});

describe('samples of a vote over k', () => {
  test('beyond the debate own are drawn once each, from the generation agents in turn, with seeds of their own', async () => {
    const world = await activityWorld();
    const plan = await world.resolve('votes');
    const shard = evaluationShard(plan);
    const request = {
      ...turnOf(shard, { problemId: 'arithmetic-000000', round: 1, member: 1 }),
      fromSample: 4,
      toSample: 9,
    };
    await world.call('takeTurn', turnOf(shard, { problemId: 'arithmetic-000000', round: 1, member: 1 }));
    expect((await world.call('drawVoteSamples', request)).calls).toBe(6);
    expect(world.inference.requests).toHaveLength(7);
    expect(new Set(world.inference.requests.map(({ seed }) => seed)).size).toBe(7);
    await world.call('drawVoteSamples', request);
    expect(world.inference.requests).toHaveLength(7);
    await world.remove();
  });

  test('at equal tokens are as many as the debate paid for, and single calls have their own temperature', async () => {
    const world = await activityWorld();
    const evaluation = { votes: { samples: 'equal-tokens' }, temperatures: [0, 0.5] };
    const plan = await world.resolve('tokens', { evaluation });
    const shard = { ...evaluationShard(plan), count: 1, furtherAnswers: plan.furtherAnswers };
    const problemId = 'arithmetic-000000';
    for (const round of [1, 2])
      for (const member of [1, 2, 3]) await world.call('takeTurn', turnOf(shard, { problemId, round, member }));
    const debated = world.inference.requests.length;
    const { runId, iteration, societyIteration, split } = turnOf(shard, { problemId, round: 1, member: 1 });
    const place = { runId, iteration, societyIteration, split, problemId };
    const drawn = await world.call('drawVoteSamples', {
      ...place,
      fromSample: 4,
      toSample: 0,
      furtherAnswers: plan.furtherAnswers,
    });
    const asked = world.inference.requests.slice(debated);
    // Both are asked at once, in either order; in the record below the order is fixed.
    const colder = asked.map(({ sampling }) => sampling.temperature).filter((temperature) => temperature < 1);
    expect(colder.sort()).toEqual([0, 0.5]);
    expect(drawn.calls).toBe(asked.length);
    const outcome = await world.call('closeShard', { shard, failures: [] });
    const [vote] = parseLines<VoteRecord>(await world.store.readVerified(outcome.votes!));
    expect(vote!.samples).toHaveLength(vote!.atEqualTokens!);
    expect(asked).toHaveLength(vote!.atEqualTokens! - 3 + 2);
    expect(vote!.atEqualTokens).toBeGreaterThan(6);
    expect(vote!.single!.map(({ temperature }) => temperature)).toEqual([0, 0.5]);
    expect(outcome.counts.calls).toBe(debated + asked.length);
    await world.remove();
  });

  test('an endpoint that takes no other temperature leaves that row out, and the votes stay', async () => {
    const world = await activityWorld();
    const plan = await world.resolve('refused');
    const shard = { ...evaluationShard(plan), count: 1, voteSamples: 4, furtherAnswers: { temperatures: [0, 0.5] } };
    const problemId = 'arithmetic-000000';
    for (const round of [1, 2])
      for (const member of [1, 2, 3]) await world.call('takeTurn', turnOf(shard, { problemId, round, member }));
    const refusal = new ProviderError('400: temperature does not support 0', { status: 400, retryable: false });
    world.inference.trouble = ({ sampling }) => (sampling.temperature === 0 ? refusal : undefined);
    const { voteSamples: toSample, furtherAnswers } = shard;
    const request = { ...turnOf(shard, { problemId, round: 1, member: 1 }), fromSample: 4, toSample, furtherAnswers };
    expect((await world.call('drawVoteSamples', request)).calls).toBe(2);
    const outcome = await world.call('closeShard', { shard, failures: [] });
    const [vote] = parseLines<VoteRecord>(await world.store.readVerified(outcome.votes!));
    expect(vote).toMatchObject({ samples: { length: 4 }, single: [{ temperature: 0.5 }] });
    await world.remove();
  });
});
