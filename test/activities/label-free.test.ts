/** Training needs no labels: everything up to the tuned society runs on a store whose references cannot be read. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { parseLines } from '../../src/artifacts/lines';
import type { ArtifactReference } from '../../src/contract/run';
import type { SelectionReport, TrainingExample } from '../../src/contract/training';
import { readSealed } from '../../src/artifacts/sealed';
import { iterationKeys } from '../../src/domain/keys';
import { repositoryRoot } from '../../src/machine/paths';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';

class StoreWithoutReferences extends FileArtifactStore {
  override async read(key: string): Promise<Buffer | undefined> {
    return super.read(refuseReferences(key));
  }

  override async readVerified(reference: ArtifactReference): Promise<Buffer> {
    refuseReferences(reference.key);
    return super.readVerified(reference);
  }

  override async localPath(key: string): Promise<string> {
    return super.localPath(refuseReferences(key));
  }
}

function refuseReferences(key: string): string {
  if (key.includes('references')) throw new Error(`${key} was read`);
  return key;
}

describe('on a store that refuses to read references', () => {
  let world: ActivityWorld;

  beforeEach(async () => {
    world = await activityWorld(({ store }) => ({
      store: new StoreWithoutReferences(Reflect.get(store, 'root') as string),
    }));
  });

  afterEach(() => world.remove());

  test.each([
    { select: 'consensus' },
    { select: 'none' },
    { critics: 'generation' },
    { weights: 'one', sharedTargets: 'every-agent', instructions: 'unique-id' },
  ])('debate, selection (%j), finetuning and the new society work', async (method) => {
    const plan = await world.resolve('run', { method: { prompts: 'compact', ...method } });
    const { transcripts } = await world.debate(trainingShard(plan));
    const { examples } = await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
    expect(Object.values(examples).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId: 'run', iteration: 1, agent });
    expect((await world.call('recordSociety', { plan, iteration: 1 })).version).toMatch(/^[0-9a-f]{64}$/);
  });

  test('the refusal is real: evaluation and audit, which may read them, are stopped by it', async () => {
    const plan = await world.resolve('run');
    const evaluated = await world.debate(evaluationShard(plan));
    await expect(world.call('scoreEvaluation', { plan, iteration: 0, shards: [evaluated] })).rejects.toThrow(
      'was read',
    );
    const trained = await world.debate(trainingShard(plan));
    await expect(world.call('auditTraining', { plan, iteration: 1, shards: [trained] })).rejects.toThrow('was read');
  });
});

test('only evaluation, its measures, hints and the selection by reference are given reference answers at all', () => {
  const folder = path.join(repositoryRoot(), 'activities');
  const given = readdirSync(folder).filter((file) =>
    /from '\.\/references'/.test(readFileSync(path.join(folder, file), 'utf8')),
  );
  expect(given.sort()).toEqual([
    'evaluation.ts',
    'hints.ts',
    'index.ts',
    'measures.ts',
    'probing.ts',
    'training-data.ts',
  ]);
  const readers = readdirSync(folder).filter((file) =>
    /record\.references/.test(readFileSync(path.join(folder, file), 'utf8')),
  );
  // The first writes them, and looks whether they are still there.
  expect(readers).toEqual(['problem-files.ts', 'references.ts']);
});

test('what is selected does not depend on the references: other labels give the same training sets', async () => {
  const sets = await Promise.all(
    [false, true].map(async (changed) => {
      const world = await activityWorld(({ dependencies }) => ({
        task: (settings) => withLabels(dependencies.task(settings), changed),
      }));
      const plan = await world.resolve('run');
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

test('mistake 1: each agent gets its own responses, with its own prompts, and nobody else`s', async () => {
  const world = await activityWorld();
  const plan = await world.resolve('run');
  const { transcripts } = await world.debate(trainingShard(plan));
  await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
  const report = await readSealed<SelectionReport>(
    world.store,
    iterationKeys.selection({ runId: 'run', iteration: 1 }),
  );
  for (const agent of plan.trainedAgents) {
    const bytes =
      (await world.store.read(iterationKeys.trainingSet({ runId: 'run', iteration: 1 }, agent))) ?? Buffer.alloc(0);
    const examples = parseLines<TrainingExample>(bytes);
    const account = report?.agents.find((candidate) => candidate.agent === agent);
    expect(account?.examples).toBe(examples.length);
    for (const example of examples) {
      const round = agent.startsWith('generation') ? 1 : 2;
      const key = iterationKeys.turn({
        runId: 'run',
        iteration: 1,
        split: 'train',
        problemId: example.problemId,
        round,
        agent,
        part: 'response',
      });
      const turn = JSON.parse((await world.store.read(key))?.toString() ?? '{}') as {
        messages: unknown;
        response: string;
      };
      expect(example).toMatchObject({ agent, round, messages: turn.messages, completion: turn.response });
    }
  }
  await world.remove();
});

type DrawingTask = ReturnType<ActivityWorld['dependencies']['task']>;

/** The same problems with every label wrong. */
function withLabels(task: DrawingTask, changed: boolean): DrawingTask {
  const relabel = <Labelled extends { answer?: string }>(problem: Labelled): Labelled =>
    changed ? { ...problem, answer: '123456' } : problem;
  return {
    ...task,
    draw: async (request) => {
      const drawn = await task.draw(request);
      return { eval: drawn.eval.map(relabel), train: drawn.train.map((problems) => problems.map(relabel)) };
    },
  };
}
