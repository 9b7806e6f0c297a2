/** Runs apart from each other, evaluation that counts everything, finetuning that may be asked twice. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readSealed } from '../../src/artifacts/sealed';
import type { Evaluation } from '../../src/contract/evaluation';
import type { Problem, ReferenceAnswer } from '../../src/contract/problem';
import { parseLines } from '../../src/artifacts/lines';
import type { RunPlan, StageTiming } from '../../src/contract/run';
import { noCounts } from '../../src/domain/counts';
import { iterationKeys } from '../../src/domain/keys';
import type { ChatCompletion, ChatRequest } from '../../src/ports';
import { StoredRun } from '../../src/stored-runs/stored-run';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';
import { FakeInference } from '../support/fake-ports';

describe('runs', () => {
  let world: ActivityWorld;

  beforeEach(async () => {
    world = await activityWorld();
  });

  afterEach(() => world.remove());

  const filesOf = async (): Promise<string[]> => {
    const entries = await readdir(world.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(world.folder, path.join(entry.parentPath ?? entry.path, entry.name)));
  };

  const wholeIteration = async (runId: string): Promise<string[]> => {
    const before = new Set(await filesOf());
    const plan = await world.resolve(runId);
    const evaluated = await world.debate(evaluationShard(plan));
    await world.call('scoreEvaluation', { plan, iteration: 0, shards: [evaluated] });
    const { transcripts } = await world.debate(trainingShard(plan));
    await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
    for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId, iteration: 1, agent });
    await world.call('recordSociety', { plan, iteration: 1 });
    await world.call('writeReport', { runId: plan.runId, throughIteration: 0, timings: [] });
    return (await filesOf()).filter((file) => !before.has(file));
  };

  test('mistake 15: two runs of the same specification never share a file, however alike their names', async () => {
    const first = await wholeIteration('demo');
    const second = await wholeIteration('demo.i1');
    expect(first.length).toBeGreaterThan(50);
    expect(second).toHaveLength(first.length);
    for (const file of first) expect(file).toMatch(/^(runs\/demo\/|models\/demo\.i1\.(generation|critic)-)/);
    for (const file of second) expect(file).toMatch(/^(runs\/demo\.i1\/|models\/demo\.i1\.i1\.)/);
  });

  test('mistake 2: no training problem is an evaluation problem, by id or by question', async () => {
    const plan = await world.resolve('run', { task: { kind: 'arithmetic', max: 2, train: 32, eval: 32 } });
    const read = async (split: string): Promise<Problem[]> =>
      parseLines<Problem>((await world.store.read(`runs/${plan.runId}/problems/${split}.jsonl`)) ?? Buffer.alloc(0));
    const [train, evaluation] = [await read('train'), await read('eval')];
    const all = [...train, ...evaluation];
    expect(all).toHaveLength(64);
    expect(new Set(all.map(({ id }) => id)).size).toBe(64);
    expect(new Set(all.map(({ question }) => question)).size).toBe(64);
    expect(Object.keys(train[0] ?? {}).sort()).toEqual(['id', 'question']);
  });

  test('the same specification adopts the stored run, another one is refused and names what differs', async () => {
    const plan = await world.resolve('run');
    expect(await world.resolve('run')).toEqual({ ...plan, resumed: true });
    await expect(world.resolve('run', { seed: 3 })).rejects.toMatchObject({
      type: 'InvalidRunSpec',
      message: expect.stringContaining('seed'),
    });
  });

  test('a model the endpoint does not serve is refused before anything is stored, with what there is', async () => {
    await expect(world.resolve('run', { model: { base: 'gpt-9' } })).rejects.toMatchObject({
      type: 'InvalidRunSpec',
      message: expect.stringContaining('fake-base'),
    });
    expect(await filesOf()).toEqual([]);
  });

  test('an agent that is finetuned twice is trained once, and its weights are one folder', async () => {
    const plan = await world.resolve('run');
    const { transcripts } = await world.debate(trainingShard(plan));
    await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
    const request = { runId: 'run', iteration: 1, agent: 'generation-1' };
    const outcome = await world.call('finetuneAgent', request);
    expect(await world.call('finetuneAgent', request)).toEqual(outcome);
    expect(world.trainer.requests).toHaveLength(1);
    expect(await readdir(path.join(world.folder, 'models'))).toEqual([outcome.model]);
  });

  test('a run that was deleted and begun anew under its id is another one, also to a worker that lived on', async () => {
    const first = await world.resolve('again');
    const problemsOf = async (plan: RunPlan) => (await world.call('openShard', trainingShard(plan))).problemIds;
    const ids = await problemsOf(first);
    await rm(path.join(world.folder, 'runs/again'), { recursive: true });
    const second = await world.resolve('again', { task: { kind: 'arithmetic', max: 10, train: 2, eval: 2 } });
    expect((await problemsOf(second)).slice(0, 2)).not.toEqual(ids.slice(0, 2));
    const { problems } = await world.debate(trainingShard(second));
    expect(problems).toBe(2);
  });

  test('what a start that died had drawn under other settings decides nothing: the run refers to its own problems', async () => {
    await world.resolve('torn');
    await rm(path.join(world.folder, 'runs/torn/run.json'));
    const plan = await world.resolve('torn', { seed: 5, task: { kind: 'arithmetic', max: 10, train: 3, eval: 2 } });
    const evaluated = await world.debate(evaluationShard(plan));
    expect(evaluated).toMatchObject({ problems: 2, failed: 0 });
    const { accuracy } = await world.call('scoreEvaluation', { plan, iteration: 0, shards: [evaluated] });
    const alone = await world.resolve('alone', { seed: 5, task: { kind: 'arithmetic', max: 10, train: 3, eval: 2 } });
    const shards = [await world.debate(evaluationShard(alone))];
    expect(accuracy).toBe((await world.call('scoreEvaluation', { plan: alone, iteration: 0, shards })).accuracy);
  });

  test('a training set that is not what was selected trains nobody', async () => {
    const plan = await world.resolve('run');
    const { transcripts } = await world.debate(trainingShard(plan));
    await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
    const place = { runId: 'run', iteration: 1, agent: 'generation-1' };
    const key = iterationKeys.trainingSet(place, place.agent);
    await writeFile(path.join(world.folder, key), '');
    await expect(world.call('finetuneAgent', place)).rejects.toMatchObject({
      type: 'ArtifactError',
      message: expect.stringMatching(/training-sets\/generation-1.jsonl.*is corrupt/),
    });
    expect(world.trainer.requests).toHaveLength(0);
  });

  test('stages count with what they took at first, wherever the run was started again, and not by any report', async () => {
    await wholeIteration('timed');
    const took = (seconds: number, iteration: number) =>
      (['evaluate', 'report'] as const).map((stage) => ({ stage, iteration, seconds, counts: noCounts }));
    const write = (throughIteration: number, timings: StageTiming[]) =>
      world.call('writeReport', { runId: 'timed', throughIteration, timings });
    const [evaluated, reported] = took(7, 0);
    await write(0, [evaluated!]);
    await rm(path.join(world.folder, 'runs/timed/report.json'));
    // Started again: nothing is left to do in iteration 0.
    await write(0, [took(0.1, 0)[0]!]);
    await write(1, [took(0.1, 0)[0]!, reported!, took(9, 1)[0]!]);
    expect(await (await StoredRun.find(world.store, 'timed'))!.timings(1)).toEqual([
      evaluated,
      reported,
      took(9, 1)[0],
    ]);
  });

  test('a report reads each file of debates once, and later reports what it kept; from scratch it is the same', async () => {
    await wholeIteration('once');
    const views = () =>
      Promise.all(['json', 'html'].map((name) => readFile(path.join(world.folder, `runs/once/report.${name}`))));
    const first = await views();
    const read = jest.spyOn(world.store, 'readVerified');
    const debatesRead = async () => {
      read.mockClear();
      await world.call('writeReport', { runId: 'once', throughIteration: 0, timings: [] });
      expect(await views()).toEqual(first);
      return read.mock.calls.map(([{ key }]) => key).filter((key) => key.includes('/transcripts/'));
    };
    expect(await debatesRead()).toEqual([]);
    for (const iteration of [0, 1])
      await rm(path.join(world.folder, `runs/once/iteration-${iteration}/shown`), { recursive: true, force: true });
    const keys = await debatesRead();
    read.mockRestore();
    expect(keys.length).toBeGreaterThan(0);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a report that is torn is written anew', async () => {
    await wholeIteration('run');
    const report = path.join(world.folder, 'runs/run/report.json');
    const whole = await readFile(report, 'utf8');
    for (const torn of ['', '{"timings":', '{}', '[]']) {
      await writeFile(report, torn);
      await world.call('writeReport', { runId: 'run', throughIteration: 0, timings: [] });
      expect(JSON.parse(await readFile(report, 'utf8'))).toEqual(JSON.parse(whole));
    }
  });

  test('an agent with an empty training set keeps its weights, and the record says so', async () => {
    const plan = await world.resolve('run');
    await world.store.publish(iterationKeys.trainingSet({ runId: 'run', iteration: 1 }, 'critic-2'), '');
    const outcome = await world.call('finetuneAgent', { runId: plan.runId, iteration: 1, agent: 'critic-2' });
    expect(outcome).toMatchObject({ outcome: 'empty-training-set', model: 'fake-base', examples: 0 });
    expect(world.trainer.requests).toHaveLength(0);
  });
});

describe('an evaluation', () => {
  /** Right on every problem but those whose question holds the digit 7, where nothing can be parsed. */
  class SilentOnSevens extends FakeInference {
    override async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
      const completion = await super.complete(request, signal);
      const numbers = /(\d+)\+(\d+)\*(\d+)\+(\d+)-(\d+)\*(\d+)=\?/
        .exec(request.messages[0]?.content ?? '')
        ?.slice(1)
        .map(Number);
      if (numbers === undefined) return completion;
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
      return { ...completion, text: numbers.includes(7) ? 'I would rather not say' : `#${a + b * c + d - e * f}` };
    }
  }

  test('mistake 4: counts all problems, and one without a parsable answer or that failed is wrong', async () => {
    const world = await activityWorld(() => ({ inference: () => new SilentOnSevens() }));
    const plan = await world.resolve('run', { task: { kind: 'arithmetic', max: 10, train: 1, eval: 12 } });
    const problems = parseLines<Problem>((await world.store.read('runs/run/problems/eval.jsonl')) ?? Buffer.alloc(0));
    const silent = problems.filter(({ question }) => question.includes('7')).length;
    const failing = problems.find(({ question }) => !question.includes('7'));
    const shard = await world.debate(evaluationShard(plan), [{ problemId: failing?.id ?? '', reason: '400' }]);
    const outcome = await world.call('scoreEvaluation', { plan, iteration: 0, shards: [shard] });
    expect(silent).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ problems: 12, failed: 1, accuracy: (12 - silent - 1) / 12 });
    const evaluation = await readSealed<Evaluation>(
      world.store,
      iterationKeys.evaluation({ runId: 'run', iteration: 0 }),
    );
    expect(evaluation?.modes.map(({ problems: counted }) => counted)).toEqual(evaluation?.modes.map(() => 12));
    expect(evaluation?.perProblem).toHaveLength(12);
    expect(evaluation?.withoutConsensus).toBe(silent);
    await world.remove();
  });

  test('holds the references apart from the problems, under the same ids', async () => {
    const world = await activityWorld();
    await world.resolve('run');
    const ids = (lines: { id: string }[]) => lines.map(({ id }) => id);
    const problems = parseLines<Problem>((await world.store.read('runs/run/problems/eval.jsonl')) ?? Buffer.alloc(0));
    const references = parseLines<ReferenceAnswer>(
      (await world.store.read('runs/run/references/eval.jsonl')) ?? Buffer.alloc(0),
    );
    expect(ids(references)).toEqual(ids(problems));
    await world.remove();
  });
});
