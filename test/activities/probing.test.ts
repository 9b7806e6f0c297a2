/**
 * Whether critics read, as a measure of a run: which responses are shown to whom, what is asked and what is not asked
 * again, and what is in the books. In iteration 2, where every agent has weights of its own.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { StoredCompletion } from '../../src/contract/completion';
import { readSealed } from '../../src/artifacts/sealed';
import type { ProbedShard } from '../../src/contract/critic-reading';
import type { Measures } from '../../src/contract/measures';
import type { RunPlan, ShardInput, ShardOutcome } from '../../src/contract/run';
import type { Society } from '../../src/contract/society';
import { memberNumbers, sampleName } from '../../src/domain/identifiers';
import { iterationKeys } from '../../src/domain/keys';
import { ProviderError } from '../../src/errors';
import type { ChatRequest } from '../../src/ports';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';

let world: ActivityWorld;
const begin = async () => {
  world = await activityWorld();
  world.inference.says = speak;
};
const end = () => world.remove();

const answersIn = (text: string) => [...text.matchAll(/#(-?\d+)/g)].map(([, answer]) => answer!);
const isSummary = ({ messages }: ChatRequest) => messages[0]!.content.startsWith('List:');
const isRevision = ({ messages }: ChatRequest) => messages.length > 1;
const rightTo = (question: string) => {
  const [a, b, c, d, e, f] = question.match(/\d+/g)!.map(Number) as [number, number, number, number, number, number];
  return String(a + b * c + d - e * f);
};

/** First answers right or wrong by the seed, each with its seed as a mark; critics take over what is right. */
function speak(request: ChatRequest): string {
  const { messages, seed } = request;
  if (isSummary(request)) return messages[0]!.content.slice('List:'.length).trim();
  const right = rightTo(messages[0]!.content);
  if (!isRevision(request)) return `[${seed}] #${seed % 2 === 0 ? right : Number(right) + 1}`;
  const [own, read] = messages.slice(-2).map(({ content }) => answersIn(content));
  return `#${read!.includes(right) ? right : own!.at(-1)}`;
}

const measuring = (evaluation: object = {}) => ({
  ...{ seed: 3, iterations: 2, task: { kind: 'arithmetic', max: 10, train: 2, eval: 6 } },
  evaluation: { measures: ['critic-reading'], temperatures: [], ...evaluation },
});

async function tuned(plan: RunPlan): Promise<void> {
  for (const iteration of [1, 2]) {
    const { transcripts } = await world.debate(trainingShard(plan, { iteration, societyIteration: iteration - 1 }));
    await world.call('selectTrainingData', { plan, iteration, transcripts: [transcripts] });
    for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId: plan.runId, iteration, agent });
    await world.call('recordSociety', { plan, iteration });
  }
}

/** The society of an iteration debates the evaluation problems, and nine samples are drawn beside. */
async function evaluated(plan: RunPlan, iteration: number, changes: Partial<ShardInput> = {}): Promise<ShardOutcome> {
  const voteSamples = plan.voteSamples;
  const shard = { ...evaluationShard(plan), iteration, societyIteration: iteration, voteSamples, ...changes };
  const { problemIds } = await world.call('openShard', shard);
  const place = { runId: plan.runId, iteration, societyIteration: iteration, split: 'eval' as const };
  if (shard.voteSamples > 0)
    for (const problemId of problemIds)
      await world.call('drawVoteSamples', { ...place, problemId, fromSample: 4, toSample: shard.voteSamples });
  const outcome = await world.debate(shard);
  await world.call('scoreEvaluation', { plan, iteration, shards: [outcome] });
  return outcome;
}

const probe = (plan: RunPlan, iteration: number, { shard, transcripts }: ShardOutcome, call = world.call) =>
  call('scoreShard', { plan, iteration, split: 'eval', kind: 'critics', shard, transcripts });
async function measured(plan: RunPlan, iteration: number, shard: ShardOutcome, unscored = {}): Promise<Measures> {
  const seconds = { debate: 0, evaluation: 0 };
  await world.call('recordMeasures', { plan, iteration, split: 'eval', shards: [shard], unscored, seconds });
  return (await readSealed<Measures>(world.store, iterationKeys.measures({ runId: plan.runId, iteration })))!;
}
const outcomeOf = async (runId: string, iteration: number) =>
  (await readSealed<ProbedShard>(world.store, iterationKeys.probed({ runId, iteration, split: 'eval', shard: 0 })))!;
/** What was asked of models while `work` went on. */
async function askedBy(work: () => Promise<unknown>): Promise<ChatRequest[]> {
  const before = world.inference.requests.length;
  await work();
  return world.inference.requests.slice(before);
}
const revisionsOf = ({ problems }: ProbedShard) => problems.filter(({ kind }) => kind === 'revised');

describe('in iteration 2', () => {
  let plan: RunPlan;
  let shard: ShardOutcome;
  let asked: ChatRequest[];
  beforeAll(async () => {
    await begin();
    plan = await world.resolve('run', measuring());
    await tuned(plan);
    shard = await evaluated(plan, 2);
    asked = await askedBy(() => probe(plan, 2, shard));
  });
  afterAll(end);

  test('critics that take over what is right are found to read without copying', async () => {
    const { criticReading, cost } = await measured(plan, 2, shard);
    const { problems, cost: paid } = await outcomeOf('run', 2);
    expect(revisionsOf({ problems, cost: paid }).length).toBeGreaterThan(1);
    expect(criticReading).toMatchObject({
      ...{ kind: 'measured', problemsAsked: 6, samples: 9, critics: 1, failed: 0 },
      ...{ reading: { points: 100 }, copying: { points: 0 } },
      rightByOwnAndOthers: { wrong: { right: { points: 100 }, mixed: { points: null }, wrong: { points: 0 } } },
    });
    const { costs: _, ...sums } = paid;
    expect(cost.criticReading).toEqual(sums);
  });

  test('every revision shows its critic the society’s own samples: two others, and never its own answer again', async () => {
    const revised = revisionsOf(await outcomeOf('run', 2));
    const { agents, summariser } = (await readSealed<Society>(
      world.store,
      iterationKeys.society({ runId: 'run', iteration: 2 }),
    ))!;
    // The nine samples of the vote are all that is needed; what the debate showed by chance is not asked again.
    expect(asked.every((request) => isSummary(request) || isRevision(request))).toBe(true);
    expect(asked.length).toBeGreaterThan(revised.length * 4);
    expect(new Set(world.inference.requests.map((request) => JSON.stringify(request))).size).toBe(
      world.inference.requests.length,
    );
    expect(new Set(asked.filter(isSummary).map(({ model }) => model))).toEqual(new Set([summariser]));
    for (const { problemId } of revised) {
      const samples = await Promise.all(memberNumbers(9).map((sample) => sampleOf(problemId, sample)));
      const at = async (name: string) =>
        (await readSealed<StoredCompletion>(
          world.store,
          iterationKeys.revision({ runId: 'run', iteration: 2, problemId }, name),
        )) ?? (await turnOf(problemId, { round: 2, agent: name.split('.')[0]! }));
      const [critic] = await criticsOf(problemId);
      const [right, wrong] = [true, false].map((isRight) =>
        samples.filter(
          ({ response, messages }) => (answersIn(response)[0] === rightTo(messages[0]!.content)) === isRight,
        ),
      );
      const seeds = new Set<number>();
      for (const [own, ofKind] of [
        ['right', right!],
        ['wrong', wrong!],
      ] as const) {
        for (const [others, shown] of [
          ['right', right!],
          ['wrong', wrong!],
        ] as const) {
          const { messages, model, seed } = await at(`${critic}.own-${own}.others-${others}`);
          expect(model).toBe(agents[critic!]!.model);
          expect(messages[1]!.content).toBe(ofKind[2]!.response);
          for (const { response } of shown.slice(0, 2)) expect(messages.at(-1)!.content).toContain(response);
          expect(answersIn(messages.at(-1)!.content)).toHaveLength(2);
          seeds.add(seed);
        }
      }
      expect(seeds.size).toBe(1);
    }
    // Members take turns at being asked.
    expect(
      new Set((await Promise.all(revised.map(({ problemId }) => criticsOf(problemId)))).flat()).size,
    ).toBeGreaterThan(1);
  });

  const turnOf = async (problemId: string, turn: { round: number; agent: string }): Promise<StoredCompletion> => {
    const place = { runId: 'run', iteration: 2, split: 'eval', problemId, ...turn, part: 'response' } as const;
    return (await readSealed<StoredCompletion>(world.store, iterationKeys.turn(place)))!;
  };
  const sampleOf = (problemId: string, sample: number) => turnOf(problemId, { round: 1, agent: sampleName(sample, 3) });
  const criticsOf = async (problemId: string) => {
    const folder = iterationKeys.revisions({ runId: 'run', iteration: 2, problemId });
    return [...new Set((await world.store.list(folder)).map((key) => path.basename(key).split('.')[0]))];
  };
});

describe('what is paid for', () => {
  beforeEach(begin);
  afterEach(end);

  const problemsLeft = () => world.inference.requests.length;

  test('a probe that is cut off asks only for what is missing, and its books hold every call', async () => {
    const plan = await world.resolve('run', measuring());
    const shard = await evaluated(plan, 0);
    const before = problemsLeft();
    world.inference.trouble = () =>
      problemsLeft() - before >= 7 ? new ProviderError('down', { status: 503, retryable: true }) : undefined;
    await expect(probe(plan, 0, shard)).rejects.toThrow('down');
    world.inference.trouble = () => undefined;
    await world.restarted((call) => probe(plan, 0, shard, call));
    const { cost } = await outcomeOf('run', 0);
    expect(problemsLeft() - before).toBe(cost.counts.calls);
    expect(new Set(world.inference.requests.map((request) => JSON.stringify(request))).size).toBe(problemsLeft());
    expect(await askedBy(() => world.restarted((call) => probe(plan, 0, shard, call)))).toEqual([]);
  });

  test('an answer that cannot be kept is in the books as lost, apart from those that are', async () => {
    const plan = await world.resolve('run', measuring());
    const shard = await evaluated(plan, 0);
    const before = problemsLeft();
    const charged = { promptTokens: 21, completionTokens: 5 };
    let failures = 0;
    world.inference.trouble = () =>
      failures++ === 0 ? new ProviderError('nonsense', { status: 200, retryable: true, charged }) : undefined;
    await expect(probe(plan, 0, shard)).rejects.toThrow('nonsense');
    await probe(plan, 0, shard);
    const { cost } = await measured(plan, 0, shard);
    expect(cost.criticReading?.lost).toEqual({ calls: 1, ...charged, endings: { lost: 1 } });
    expect(cost.criticReading?.counts.calls).toBe(problemsLeft() - before);
  });

  test('files that hold it are made again from the completions, and no model is asked', async () => {
    const plan = await world.resolve('run', measuring());
    const shard = await evaluated(plan, 0);
    await probe(plan, 0, shard);
    const before = await outcomeOf('run', 0);
    await world.store.remove(iterationKeys.probed({ runId: 'run', iteration: 0, split: 'eval', shard: 0 }));
    expect(await askedBy(() => probe(plan, 0, shard))).toEqual([]);
    const again = await outcomeOf('run', 0);
    expect({ ...again, cost: { ...again.cost, seconds: 0 } }).toEqual({
      ...before,
      cost: { ...before.cost, seconds: 0 },
    });
  });

  test('a run that begins alike adopts the revisions of the other', async () => {
    const first = await world.resolve('first', measuring());
    await probe(first, 0, await evaluated(first, 0));
    const second = await world.resolve('second', { ...measuring(), execution: { reuseTurnsOf: ['first'] } });
    const shard = await evaluated(second, 0);
    expect(await askedBy(() => probe(second, 0, shard))).toEqual([]);
    const { cost } = await outcomeOf('second', 0);
    expect(cost.counts.calls).toBeGreaterThan(0);
    expect(cost.reused).toEqual(cost.counts);
  });

  test('samples that the vote did not draw are asked for, nine in all', async () => {
    const plan = await world.resolve('run', measuring({ votes: { samples: 4 } }));
    const shard = await evaluated(plan, 0);
    const first = (await askedBy(() => probe(plan, 0, shard))).filter((each) => !isSummary(each) && !isRevision(each));
    const { problems } = await outcomeOf('run', 0);
    // Six are looked at first, three more where these are too much alike.
    expect(first.length).toBeGreaterThanOrEqual(problems.length * 2);
    expect(first.length).toBeLessThanOrEqual(problems.length * 5);
    expect(
      readdirSync(world.folder, { recursive: true, encoding: 'utf8' }).some((key) =>
        /revisions\/.*\/sample-[1-4]\.json/.test(key),
      ),
    ).toBe(false);
  });
});

describe('is left out, with the reason', () => {
  beforeEach(begin);
  afterEach(end);

  test('where no votes were taken', async () => {
    const plan = await world.resolve('run', measuring());
    const shard = await evaluated(plan, 0, { voteSamples: 0 });
    expect(await askedBy(() => probe(plan, 0, shard))).toEqual([]);
    expect((await measured(plan, 0, shard)).criticReading).toEqual({
      kind: 'not-measurable',
      reason: 'no votes were taken here (evaluation.votes), whose samples the critics are shown',
    });
  });

  test('without votes at all, and without critics, none is planned', async () => {
    const kinds = async (runId: string, changes: object) => (await world.resolve(runId, changes)).scoring;
    expect(await kinds('with', measuring())).toEqual(['critics']);
    expect(await kinds('unvoted', measuring({ votes: { at: 'never' } }))).toEqual([]);
    expect(
      await kinds('voting', { ...measuring(), method: { preset: 'majority-finetuning', prompts: 'compact' } }),
    ).toEqual([]);
  });

  test('if an endpoint refuses every problem', async () => {
    const plan = await world.resolve('run', measuring({ votes: { samples: 4 } }));
    const shard = await evaluated(plan, 0);
    world.inference.trouble = () => new ProviderError('too long', { status: 400, retryable: false });
    await probe(plan, 0, shard);
    expect((await measured(plan, 0, shard)).criticReading).toEqual({ kind: 'not-measurable', reason: 'too long' });
  });

  test('if it could not be finished; what was paid until then is in the books', async () => {
    const plan = await world.resolve('run', measuring());
    const shard = await evaluated(plan, 0);
    const before = world.inference.requests.length;
    world.inference.trouble = () =>
      world.inference.requests.length - before >= 4
        ? new ProviderError('no', { status: 404, retryable: false })
        : undefined;
    await expect(probe(plan, 0, shard)).rejects.toThrow('no');
    const { criticReading, cost } = await measured(plan, 0, shard, { critics: 'no' });
    expect(criticReading).toEqual({ kind: 'not-measurable', reason: 'no' });
    expect(cost.criticReading?.counts.calls).toBe(4);
  });
});
