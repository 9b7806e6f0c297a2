/** Calls whose answer was not kept are in the books, and only there: turns and counts of the debate are what they would be. */
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ShardInput, ShardOutcome } from '../../src/contract/run';
import { trainingShard, turnOf } from '../support/activity-world';
import { endpointWorld, type EndpointWorld } from '../support/endpoint-world';
import { completionBody, json, type Answer } from '../support/local-endpoint';

let run: EndpointWorld;
let shard: ShardInput;
let problemId: string;
beforeEach(async () => {
  run = await endpointWorld();
  const plan = await run.world.resolve('one', { task: { kind: 'arithmetic', max: 10, train: 1, eval: 1 } });
  shard = trainingShard(plan, { rounds: 1 });
  [problemId = ''] = (await run.world.call('openShard', shard)).problemIds;
});
afterEach(() => run.close());

const goodAnswer = json(200, completionBody('#14'));
const turn = (member = 1) => turnOf(shard, { problemId, round: 1, member });
const take = (member = 1) => run.world.call('takeTurn', turn(member));
/** The next call is answered so; all others are good. */
const answerOnce = (answer: Answer) => {
  run.answerCompletions((request, response) => {
    run.answerCompletions(goodAnswer);
    answer(request, response);
  });
};
/** All turns, and the shard closed. */
const close = async (): Promise<ShardOutcome> => {
  for (const member of [1, 2, 3]) await take(member);
  return run.world.call('closeShard', { shard, failures: [] });
};
const debated = { calls: 3, promptTokens: 63, completionTokens: 24 };
const lostOf = (calls: number, tokens: object) => ({ calls, ...tokens, endings: { lost: calls } });
const unknownTokens = { promptTokens: 0, completionTokens: 0, withoutPromptTokens: 1, withoutCompletionTokens: 1 };

/** Without an end, as when its worker is killed: nothing of what the activity does afterwards may count. */
const cancelledInFlight = async () => {
  const environment = new MockActivityEnvironment();
  answerOnce(() => environment.cancel('CANCELLED'));
  await expect(run.world.call('takeTurn', turn(), { environment })).rejects.toThrow();
};

test('where every call is answered and kept nothing is lost, and no notes are left', async () => {
  const outcome = await close();
  expect(outcome.counts).toEqual(debated);
  expect(outcome.lost).toBeUndefined();
  expect((await storedTurns()).every((key) => key.endsWith('.json'))).toBe(true);
});

test('a call that was cancelled in flight is lost, its tokens are not known', async () => {
  await cancelledInFlight();
  const outcome = await close();
  expect(outcome.counts).toEqual(debated);
  expect(outcome.lost).toEqual(lostOf(1, unknownTokens));
});

test('nonsense is lost with the tokens it says it took', async () => {
  answerOnce(json(200, { choices: [], usage: { prompt_tokens: 21, completion_tokens: 5 } }));
  await expect(take()).rejects.toThrow('something other than a chat completion');
  expect((await close()).lost).toEqual(lostOf(1, { promptTokens: 21, completionTokens: 5 }));
});

test('an answer by another model is lost with its tokens', async () => {
  answerOnce(json(200, { ...completionBody('#14'), model: 'another' }));
  await expect(take()).rejects.toThrow('answered as "another"');
  expect((await close()).lost).toEqual(lostOf(1, { promptTokens: 21, completionTokens: 8 }));
});

test('an answer that breaks off is lost, its tokens are not known', async () => {
  answerOnce((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{');
    setTimeout(() => response.destroy(), 20);
  });
  await expect(take()).rejects.toThrow('broke off');
  expect((await close()).lost).toEqual(lostOf(1, unknownTokens));
});

test.each([400, 429, 500, 503])('a call that is refused with %d is not charged for', async (status) => {
  answerOnce(json(status, { error: { message: 'no' } }));
  await expect(take()).rejects.toThrow(String(status));
  expect((await close()).lost).toBeUndefined();
});

test('an error inside of an answer is not charged for', async () => {
  answerOnce(json(200, { error: { code: 429, message: 'later' } }));
  await expect(take()).rejects.toThrow('429');
  expect((await close()).lost).toBeUndefined();
});

test('an answer that could not be stored, and died with its worker, is lost', async () => {
  const attempts = path.join(run.world.folder, '.attempts');
  answerOnce((request, response) => {
    const isBroken = rename(attempts, `${attempts}-away`).then(() => writeFile(attempts, ''));
    void isBroken.then(() => goodAnswer(request, response));
  });
  await expect(take()).rejects.toThrow('cannot be written');
  await rm(attempts);
  await rename(`${attempts}-away`, attempts);
  const { lost } = await run.world.restarted(async (another) => {
    for (const member of [1, 2, 3]) await another('takeTurn', turn(member));
    return another('closeShard', { shard, failures: [] });
  });
  expect(lost).toEqual(lostOf(1, unknownTokens));
});

test('what a problem took that failed is in the books', async () => {
  await take(1);
  run.answerCompletions(json(200, { usage: { prompt_tokens: 21, completion_tokens: 5 } }));
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(take(2)).rejects.toThrow('something other than a chat completion');
  const failures = [{ problemId, reason: 'nonsense' }];
  const outcome = await run.world.call('closeShard', { shard, failures });
  expect(outcome.counts.calls).toBe(1);
  expect(outcome.lost).toEqual(lostOf(2, { promptTokens: 42, completionTokens: 10 }));
});

test('the small question beside a request that fails alone is in the books', async () => {
  run.answerCompletions((request, response) => {
    const isSmall = request.body?.['max_tokens'] === 16;
    (isSmall ? goodAnswer : json(500, { error: { message: 'no' } }))(request, response);
  });
  for (let attempt = 0; attempt < 3; attempt++) await expect(take()).rejects.toThrow('500');
  run.answerCompletions(goodAnswer);
  expect((await close()).lost).toEqual(lostOf(1, { promptTokens: 21, completionTokens: 8 }));
});

test('samples of a vote that failed count as calls', async () => {
  const voted = { ...shard, voteSamples: 5 };
  for (const member of [1, 2, 3]) await take(member);
  const { runId, recordDigest } = shard.plan;
  const place = { runId, recordDigest, iteration: 1, societyIteration: 0, split: 'train' as const, problemId };
  answerOnce(json(400, { error: { message: 'no' } }));
  const drawing = run.world.call('drawVoteSamples', { ...place, fromSample: 4, toSample: 5 });
  await expect(drawing).rejects.toThrow('400');
  const failedVotes = [{ problemId, reason: 'no' }];
  const outcome = await run.world.call('closeShard', { shard: voted, failures: [], failedVotes });
  expect(outcome.counts.calls).toBe(4);
});

test('of two attempts that are alive at once one answer is kept, and the other one is lost with its tokens', async () => {
  const waiting: (() => void)[] = [];
  run.answerCompletions((request, response) => {
    waiting.push(() => goodAnswer(request, response));
    if (waiting.length === 2) waiting.forEach((answer) => answer());
  });
  await Promise.all([take(), take()]);
  run.answerCompletions(goodAnswer);
  const outcome = await close();
  expect(outcome.counts).toEqual(debated);
  expect(outcome.lost).toEqual(lostOf(1, { promptTokens: 21, completionTokens: 8 }));
});

test('a line that a dying worker began is a call whose end is not known', async () => {
  await cancelledInFlight();
  const [notes] = (await storedTurns()).filter((key) => key.endsWith('.calls.jsonl'));
  await run.world.store.append(notes!, '\n"ask');
  expect((await close()).lost).toMatchObject({ calls: 2 });
});

async function storedTurns(): Promise<string[]> {
  return run.world.store.list(`runs/one/iteration-1/turns/train/${problemId}/round-1`);
}
