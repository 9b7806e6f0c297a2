/** Scoring and measures of one iteration, with doubles only where models would be. */
import { readSealed } from '../../src/artifacts/sealed';
import type { Measures, ScoringKind } from '../../src/contract/measures';
import type { MeasuresInput, RunPlan, ShardOutcome } from '../../src/contract/run';
import { ProviderError, UnsupportedByEndpoint } from '../../src/errors';
import { iterationKeys } from '../../src/domain/keys';
import { readTranscripts } from '../../src/stored-runs/stored-run';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';

const everything = ['agreement', 'embedding', 'nll', 'kl-agents', 'kl-base'];

describe('measures of an iteration', () => {
  let world: ActivityWorld;

  beforeEach(async () => {
    world = await activityWorld();
  });
  afterEach(() => world.remove());

  const start = async (changes: object = {}, runId = 'run') => {
    const plan = await world.resolve(runId, { evaluation: { measures: everything }, ...changes });
    const shard = await world.debate(evaluationShard(plan));
    await world.call('scoreEvaluation', { plan, iteration: 0, shards: [shard] });
    return { plan, shard };
  };
  const score = (plan: RunPlan, { shard, transcripts }: ShardOutcome, kind: ScoringKind) =>
    world.call('scoreShard', { plan, iteration: 0, split: 'eval', kind, shard, transcripts });
  const record = (plan: RunPlan, shards: ShardOutcome[], changes: Partial<MeasuresInput> = {}) => {
    const seconds = { debate: 0, evaluation: 1.5 };
    return world.call('recordMeasures', {
      plan,
      iteration: 0,
      split: 'eval',
      shards,
      unscored: {},
      seconds,
      ...changes,
    });
  };
  const stored = (runId = 'run', iteration = 0) =>
    readSealed<Measures>(world.store, iterationKeys.measures({ runId, iteration })).then((found) => found!);

  test('are all there once every kind of scoring is done', async () => {
    const { plan, shard } = await start();
    expect(plan.scoring).toEqual(['embedding', 'agents']);
    for (const kind of plan.scoring ?? []) await score(plan, shard, kind);
    expect(await record(plan, [shard])).toEqual({ recorded: true });
    const measures = await stored();
    expect(measures).toMatchObject({
      problems: 4,
      scored: { problems: 4, tooLong: 0, embeddingModel: 'fake-base', fixedScorer: null },
      agreement: { kind: 'measured', n: 4 },
      embedding: { first: { kind: 'measured', n: 4 }, last: { kind: 'measured', n: 4 } },
      heldOutLikelihood: { kind: 'measured', scorer: 'the one model' },
      klBetweenAgents: { generation: { kind: 'measured', value: 0 }, critic: { kind: 'measured', value: 0 } },
      klFromBase: { generation: { kind: 'measured', value: 0 }, critic: { kind: 'measured', value: 0 } },
      specialisation: { kind: 'measured', rows: [{ type: 'all', problems: 4 }] },
      criticEffect: { kind: 'measured', critics: [{ critic: 'critic-1', problems: 4 }, {}, {}] },
      flips: { sincePrevious: { kind: 'not-measurable' }, sinceUntuned: { kind: 'not-measurable' } },
      wrongConsensus: { kind: 'not-measurable' },
      cost: { debate: { kind: 'not-measurable' }, evaluation: { seconds: 1.5 }, money: { kind: 'not-measurable' } },
    });
    expect(measures.cost.evaluation.counts).toEqual(shard.counts);
  });

  test('are written once: a second attempt leaves them as they are', async () => {
    const { plan, shard } = await start();
    await record(plan, [shard], { unscored: { embedding: 'why', agents: 'why' } });
    expect(await record(plan, [shard], { unscored: { embedding: 'else', agents: 'else' } })).toEqual({
      recorded: false,
    });
    expect((await stored()).embedding.first).toEqual({ kind: 'not-measurable', reason: 'why' });
  });

  test('that could not be scored say why, and are never 0', async () => {
    const { plan, shard } = await start();
    const unscored = { embedding: 'no embeddings here', agents: 'no log-probabilities here' };
    await record(plan, [shard], { unscored });
    const { embedding, heldOutLikelihood, klBetweenAgents, klFromBase, agreement } = await stored();
    for (const measure of [embedding.first, embedding.last])
      expect(measure).toEqual({ kind: 'not-measurable', reason: unscored.embedding });
    for (const measure of [heldOutLikelihood, klBetweenAgents.critic, klFromBase.generation])
      expect(measure).toEqual({ kind: 'not-measurable', reason: unscored.agents });
    expect(agreement.kind).toBe('measured');
  });

  test('miss one problem, and say so, if an endpoint refuses one response and scores the others', async () => {
    const { plan, shard } = await start();
    const [transcript] = await readTranscripts(world.store, [shard]);
    const poison = transcript!.rounds.at(-1)!.turns[0]!.response;
    const codes = Array.from(poison, (character) => character.charCodeAt(0)).join(',');
    world.scoring.trouble = (route, asked) => {
      const text = route === 'tokenize' ? '' : JSON.stringify(asked);
      const isRefused = text.includes(JSON.stringify(poison)) || text.includes(`,${codes}`);
      return isRefused ? new ProviderError('answered 400', { status: 400, retryable: false }) : undefined;
    };
    for (const kind of plan.scoring ?? []) await score(plan, shard, kind);
    await record(plan, [shard]);
    expect(await stored()).toMatchObject({
      scored: { problems: 4, refused: { problems: 1, reason: 'answered 400' } },
      embedding: { last: { kind: 'measured', n: 3 } },
      heldOutLikelihood: { kind: 'measured', n: 3 },
      klFromBase: { critic: { kind: 'measured', n: 3 } },
    });
  });

  test('that were not asked for ask no model', async () => {
    const { plan, shard } = await start({ evaluation: { measures: [] } });
    expect(plan.scoring).toEqual([]);
    await record(plan, [shard]);
    expect((await stored()).agreement).toMatchObject({ kind: 'not-measurable' });
    expect((await stored()).criticEffect.kind).toBe('measured');
    expect(world.scoring.read).toEqual([]);
  });

  test('scoring that was cut off goes on behind the stored batches', async () => {
    const { plan, shard } = await start({ task: { kind: 'arithmetic', max: 10, train: 4, eval: 12 } });
    let calls = 0;
    world.scoring.trouble = () => (++calls > 1 ? new UnsupportedByEndpoint('gone') : undefined);
    await expect(score(plan, shard, 'embedding')).rejects.toThrow('gone');
    const before = world.scoring.read.reduce((sum, { texts }) => sum + texts, 0);
    world.scoring.trouble = () => undefined;
    const { texts } = await score(plan, shard, 'embedding');
    const after = world.scoring.read.reduce((sum, each) => sum + each.texts, 0);
    expect(before).toBeGreaterThan(0);
    expect(after).toBe(texts);
  });

  test('rest on at most measuredProblems problems, the same ones in every iteration', async () => {
    const { plan, shard } = await start({ evaluation: { measures: everything, measuredProblems: 3 } });
    for (const kind of plan.scoring ?? []) await score(plan, shard, kind);
    await record(plan, [shard]);
    expect(await stored()).toMatchObject({
      problems: 4,
      scored: { problems: 3 },
      embedding: { last: { n: 3 } },
      heldOutLikelihood: { n: 3 },
      agreement: { n: 4 },
    });
  });

  test('a fixed scorer takes the place of the held-out critics, and no agent scores', async () => {
    const scorer = { base: 'fake-base', endpoint: 'embedded' };
    const { plan, shard } = await start({ evaluation: { measures: ['nll'], scorer } });
    expect(plan.scoring).toEqual(['scorer']);
    await score(plan, shard, 'scorer');
    await record(plan, [shard]);
    expect(await stored()).toMatchObject({
      scored: { fixedScorer: 'fake-base' },
      heldOutLikelihood: { kind: 'measured', scorer: 'fixed scorer', n: 4 },
      klFromBase: { generation: { kind: 'not-measurable' } },
    });
  });

  test.each([
    ['scorer', { measures: ['nll'], scorer: { base: 'unknown' } }, /evaluation\.scorer\.base: "unknown" is not served/],
    ['embedding', { embedding: { model: 'unknown' } }, /evaluation\.embedding\.model: "unknown" is not served/],
  ])('a %s that its endpoint does not serve is refused before any model is called', async (_, evaluation, message) => {
    await expect(world.resolve('run', { evaluation })).rejects.toThrow(message);
    expect(world.inference.requests).toEqual([]);
  });

  test('a society of one has no pairs, and says so', async () => {
    const { plan, shard } = await start({ method: { members: 1, rounds: 1, prompts: 'compact' } });
    expect(plan.scoring).toEqual(['agents']);
    await score(plan, shard, 'agents');
    await record(plan, [shard]);
    const { embedding, klBetweenAgents, heldOutLikelihood, criticEffect } = await stored();
    expect(embedding.last).toEqual({ kind: 'not-measurable', reason: 'with one member there are no pairs' });
    expect(klBetweenAgents.generation).toEqual({
      kind: 'not-measurable',
      reason: 'with one member there are no pairs',
    });
    expect(klBetweenAgents.critic).toEqual({ kind: 'not-measurable', reason: 'with one round there are no critics' });
    expect(criticEffect.kind).toBe('not-measurable');
    expect(heldOutLikelihood).toMatchObject({ kind: 'measured', scorer: 'the one model' });
  });

  test('of a tuned society: agents differ, the base is far, the third critic is held out', async () => {
    const { plan } = await start();
    const train = await world.debate(trainingShard(plan));
    await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [train.transcripts] });
    await world.call('auditTraining', { plan, iteration: 1, shards: [train] });
    for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId: 'run', iteration: 1, agent });
    await world.call('recordSociety', { plan, iteration: 1 });
    const shard = await world.debate({ ...evaluationShard(plan), iteration: 1, societyIteration: 1 });
    await world.call('scoreEvaluation', { plan, iteration: 1, shards: [shard] });
    const { transcripts } = shard;
    for (const kind of plan.scoring ?? [])
      await world.call('scoreShard', { plan, iteration: 1, split: 'eval', kind, shard: 0, transcripts });
    await record(plan, [shard], { iteration: 1, seconds: { debate: 2, evaluation: 3 } });
    const measures = await stored('run', 1);
    expect(measures).toMatchObject({
      heldOutLikelihood: { kind: 'measured', scorer: 'held-out critic' },
      klBetweenAgents: { generation: { kind: 'measured' }, critic: { kind: 'measured' } },
      flips: { sincePrevious: { kind: 'measured', fromIteration: 0, problems: 4 } },
      wrongConsensus: { kind: 'measured' },
      cost: { debate: { kind: 'measured', seconds: 2 }, training: { kind: 'measured', tokens: 60 } },
    });
    const critics = measures.klBetweenAgents.critic;
    expect(critics.kind === 'measured' && critics.pairs).toHaveLength(6);
    // Six agents and the base have scored; nobody's response was scored by an agent of the other role.
    expect(new Set(world.scoring.read.map(({ model }) => model)).size).toBe(7);
  });
});

test('what is measured changes no training set', async () => {
  const sets = await Promise.all(
    [[], everything].map(async (measures) => {
      const world = await activityWorld();
      const plan = await world.resolve('run', { evaluation: { measures } });
      const evaluated = await world.debate(evaluationShard(plan));
      await world.call('scoreEvaluation', { plan, iteration: 0, shards: [evaluated] });
      for (const kind of plan.scoring ?? [])
        await world.call('scoreShard', {
          plan,
          iteration: 0,
          split: 'eval',
          kind,
          shard: 0,
          transcripts: evaluated.transcripts,
        });
      const seconds = { debate: 0, evaluation: 0 };
      await world.call('recordMeasures', {
        plan,
        iteration: 0,
        split: 'eval',
        shards: [evaluated],
        unscored: {},
        seconds,
      });
      const { transcripts } = await world.debate(trainingShard(plan));
      await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
      const keys = plan.trainedAgents.map((agent) => iterationKeys.trainingSet({ runId: 'run', iteration: 1 }, agent));
      const files = await Promise.all(keys.map(async (key) => (await world.store.read(key))?.toString()));
      await world.remove();
      return files;
    }),
  );
  expect(sets[1]).toEqual(sets[0]);
});
