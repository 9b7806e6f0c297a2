/** Every paid action of a run passes one door, which may refuse it, hold it, and is told what it cost. */
import type { FinetuneOutcome } from '../../src/contract/run';
import { addCounts, noCounts } from '../../src/domain/counts';
import { iterationKeys } from '../../src/domain/keys';
import { PaymentRefused, ProviderError } from '../../src/errors';
import { paidInference, paidScoring, paidTrainer } from '../../src/providers/paid-door';
import { activityWorld, evaluationShard, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';
import { RecordingLedger } from '../support/recording-ledger';

let ledger: RecordingLedger;
let world: ActivityWorld;
beforeEach(async () => {
  ledger = new RecordingLedger();
  world = await activityWorld(({ inference, scoring, trainer }) => ({
    inference: (by, account = '') => paidInference(ledger, { by, account }, inference),
    scoring: (by, account = '') => paidScoring(ledger, { by, account }, scoring),
    trainer: (name) => paidTrainer(ledger, name, trainer),
  }));
});
afterEach(() => world.remove());

const task = { kind: 'arithmetic', max: 10, train: 8, eval: 3 };

test('a door that records has what the run has in its books: calls, tokens, scores, trainings', async () => {
  const evaluation = { measures: ['embedding', 'nll', 'kl-agents'] };
  const plan = await world.resolve('run', { task, evaluation });
  expect(ledger.entries).toEqual([]);
  const shards = [await world.debate(evaluationShard(plan)), await world.debate(trainingShard(plan))];
  const scored = { texts: 0, tokens: 0 };
  for (const kind of ['embedding', 'agents'] as const) {
    const { shard, transcripts } = shards[0]!;
    const { texts, tokens } = await world.call('scoreShard', {
      ...{ plan, iteration: 0, split: 'eval', kind, shard, transcripts },
    });
    scored.texts += texts;
    scored.tokens += tokens;
  }
  await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [shards[1]!.transcripts] });
  const trained: FinetuneOutcome[] = [];
  for (const agent of plan.trainedAgents)
    trained.push(await world.call('finetuneAgent', { runId: 'run', iteration: 1, agent }));

  const completions = ledger.of('completion');
  const books = addCounts(noCounts, ...shards.map(({ counts }) => counts));
  expect(books).toMatchObject({
    calls: completions.length,
    promptTokens: sum(completions.map(({ promptTokens }) => promptTokens)),
    completionTokens: sum(completions.map(({ completionTokens }) => completionTokens)),
  });
  // Each under the key of what it paid for: no two entries for one artifact.
  expect(new Set(completions.map(({ account }) => account)).size).toBe(completions.length);
  for (const { account } of completions) expect(await world.store.read(account)).toBeDefined();
  expect(completions.every(({ atMost, completionTokens }) => completionTokens! <= atMost.completionTokens!)).toBe(true);
  expect(sum(ledger.of('score').map(({ promptTokens }) => promptTokens))).toBe(scored.tokens);
  expect(ledger.of('embedding')).not.toEqual([]);
  const paid = trained.filter(({ outcome }) => outcome === 'trained');
  expect(ledger.of('training').map(({ by, account, completionTokens }) => [by, account, completionTokens])).toEqual(
    paid.map(({ agent, tokens }) => ['local', iterationKeys.weights({ runId: 'run', iteration: 1 }, agent), tokens]),
  );
  expect(ledger.admitted).toBe(ledger.entries.length);
});

test('a door that refuses leaves the models alone, and is an outage: the run pauses at once with the reason', async () => {
  const plan = await world.resolve('run', { task });
  const shard = trainingShard(plan);
  const { problemIds } = await world.call('openShard', shard);
  const turn = turnOf(shard, { problemId: problemIds[0]!, round: 1, member: 1 });
  ledger.refusal = ({ account }) => new PaymentRefused(`the limit of run ${account.split('/')[1]} is reached: 5 EUR`);
  await expect(world.call('takeTurn', turn)).rejects.toMatchObject({
    type: 'PaymentRefused',
    nonRetryable: true,
    message: 'the limit of run run is reached: 5 EUR',
    details: [{ outage: true }],
  });
  expect(world.inference.requests).toEqual([]);
  ledger.refusal = () => undefined;
  await expect(world.call('takeTurn', turn)).resolves.toMatchObject({ counts: { calls: 1 } });
});

test('a door that holds lets the action wait, and a failed action is entered as one', async () => {
  const plan = await world.resolve('run', { task });
  const shard = trainingShard(plan);
  const { problemIds } = await world.call('openShard', shard);
  let open: () => void = () => undefined;
  ledger.held = new Promise((resolve) => (open = resolve));
  world.inference.trouble = () => new ProviderError('refused', { status: 400, retryable: false });
  const turn = world.call('takeTurn', turnOf(shard, { problemId: problemIds[0]!, round: 1, member: 1 }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(ledger.admitted).toBe(0);
  open();
  await expect(turn).rejects.toThrow('refused');
  expect(ledger.entries).toMatchObject([{ outcome: 'failed', promptTokens: null, completionTokens: null }]);
});

function sum(numbers: (number | null)[]): number {
  return numbers.reduce<number>((total, number) => total + number!, 0);
}
