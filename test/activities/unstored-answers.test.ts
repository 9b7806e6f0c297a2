/** A call that is paid for is made once, also where its answer cannot be stored at first. */
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UnstoredAnswers } from '../../activities/unstored-answers';
import { endpointWorld, type EndpointWorld } from '../support/endpoint-world';
import { completionBody, json } from '../support/local-endpoint';

let run: EndpointWorld;
let ids: string[];
beforeEach(async () => {
  run = await endpointWorld();
  ids = (await run.problems()).map(({ id }) => id);
});
afterEach(() => run.close());

const attempts = () => path.join(run.world.folder, '.attempts');
/** A file where the store puts what it writes: nothing can be stored, whoever the user is. */
const breakStore = async () => {
  await rename(attempts(), `${attempts()}-away`);
  await writeFile(attempts(), '');
};
const mendStore = async () => {
  await rm(attempts());
  await rename(`${attempts()}-away`, attempts());
};
const breaksWhileItAnswers = () =>
  run.answerCompletions((request, response) => {
    void breakStore().then(() => json(200, completionBody('#14'))(request, response));
  });

test('where the store cannot be written no model is asked, however often a turn is tried', async () => {
  await breakStore();
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(await run.failureOf(ids[attempt]!)).toMatchObject({ nonRetryable: false, outage: true });
  }
  expect(run.asked()).toBe(0);
  await mendStore();
  await run.take(ids[0]!);
  expect(run.asked()).toBe(1);
});

test('an answer that could not be stored is stored by a later attempt, without a second call', async () => {
  breaksWhileItAnswers();
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(await run.failureOf(ids[0]!)).toMatchObject({ nonRetryable: false, outage: true });
    // Other turns ask nobody either.
    if (attempt > 0) await run.failureOf(ids[attempt]!);
  }
  expect(run.asked()).toBe(1);
  await mendStore();
  expect(await run.take(ids[0]!)).toMatchObject({ answer: '14', counts: { calls: 1, promptTokens: 21 } });
  await run.take(ids[0]!);
  expect(run.asked()).toBe(1);
});

test('a check of the store leaves nothing behind', async () => {
  const before = await run.world.store.list('.attempts');
  await run.world.store.checkWritable('runs/run/iteration-1/turns/train/x/round-1/generation-1.json');
  expect(await run.world.store.list('.attempts')).toEqual(before);
  expect(await run.world.store.list('runs/run/iteration-1/turns/train/x/round-1')).toEqual([]);
});

test('what is kept is bounded by number and by size', () => {
  const answer = (response: string) => ({ response });
  const kept = new UnstoredAnswers({ answers: 3, characters: 10, trustMs: 0 });
  for (let index = 0; index < 5; index++) kept.keep(`few-${index}`, answer('x'));
  expect([0, 1, 2, 3, 4].map((index) => kept.get(`few-${index}`) !== undefined)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
  kept.keep('long', answer('x'.repeat(9)));
  expect(kept.get('few-4')).toBeDefined();
  kept.keep('longer', answer('x'.repeat(10)));
  expect(kept.get('long')).toBeUndefined();
});
