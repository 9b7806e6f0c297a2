/** Who trains is what the specification names, and who trained says which endpoint serves the result. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../../src/ports';
import { publishSealed, readSealed } from '../../src/artifacts/sealed';
import { endpointsAsked, requireSociety } from '../../src/artifacts/societies';
import type { RunRecord } from '../../src/contract/run';
import type { Society, StoredSociety } from '../../src/contract/society';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { ConfigError } from '../../src/errors';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';
import { FakeInference, FakeTrainer } from '../support/fake-ports';

let world: ActivityWorld;
let elsewhere: FakeInference;
let remote: FakeTrainer;
beforeEach(async () => {
  elsewhere = new FakeInference();
  world = await activityWorld(({ inference, trainer, store }) => {
    remote = new FakeTrainer(store);
    const train = remote.train.bind(remote);
    remote.train = async (request) => ({ ...(await train(request)), endpoint: 'elsewhere' });
    const trainers: Record<string, FakeTrainer> = { local: trainer, remote };
    return {
      inference: (name) => (name === 'elsewhere' ? elsewhere : inference),
      trainer: (name) => {
        const found = trainers[name];
        if (found === undefined) throw new ConfigError(`no trainer "${name}"`);
        return found;
      },
    };
  });
});
afterEach(() => world.remove());

async function trained(runId: string, changes: object): Promise<Awaited<ReturnType<typeof world.resolve>>> {
  const plan = await world.resolve(runId, { task: { kind: 'arithmetic', max: 10, train: 8, eval: 2 }, ...changes });
  const { transcripts } = await world.debate(trainingShard(plan));
  await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [transcripts] });
  for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId, iteration: 1, agent });
  await world.call('recordSociety', { plan, iteration: 1 });
  return plan;
}

const recordOf = async (runId: string) => (await readSealed<RunRecord>(world.store, runKeys.record(runId)))!;

test('the trainer that is named trains, and its agents are asked at the endpoint it names', async () => {
  const plan = await trained('away', { finetuning: { trainer: 'remote' } });
  expect(remote.requests).toHaveLength(6);
  expect(world.trainer.requests).toEqual([]);
  const { agents } = await requireSociety(world.store, await recordOf('away'), 1);
  expect(Object.values(agents).map(({ endpoint }) => endpoint)).toEqual(Array(6).fill('elsewhere'));
  expect(elsewhere.requests).toEqual([]);
  const asked = world.inference.requests.length;
  await world.debate({ ...evaluationShard(plan), iteration: 1, societyIteration: 1 });
  expect(elsewhere.requests).toHaveLength(12);
  // Summaries stay with the untuned base.
  expect(world.inference.requests.slice(asked).every(({ model }) => model === 'fake-base')).toBe(true);
  expect(await endpointsAsked(world.store, await recordOf('away'))).toEqual(['embedded', 'elsewhere']);
});

test('a request refers to what is learnt and names no place on this host', async () => {
  await trained('near', {});
  expect(world.trainer.requests).toHaveLength(6);
  expect(JSON.stringify(world.trainer.requests)).not.toContain(world.folder);
  expect(world.trainer.requests.flatMap(pathsIn)).toEqual([]);
});

test('a trainer that this machine lacks is refused before anything is stored', async () => {
  await expect(world.resolve('typo', { finetuning: { trainer: 'locl' } })).rejects.toThrow('no trainer "locl"');
  expect(await world.store.list('runs')).toEqual([]);
});

test('societies and weights of before, which name no endpoint, are served by their bases', async () => {
  const plan = await trained('old', {});
  const place = { runId: 'old', iteration: 1 };
  const keys = [
    iterationKeys.society(place),
    ...plan.trainedAgents.map((agent) => iterationKeys.weights(place, agent)),
  ];
  for (const key of keys) await rewrite(world.store, key);
  const before = await requireSociety(world.store, await recordOf('old'), 1);
  expect(Object.values(before.agents).map(({ endpoint }) => endpoint)).toEqual(Array(6).fill('embedded'));
  await rm(path.join(world.folder, iterationKeys.society(place)));
  await world.call('recordSociety', { plan, iteration: 1 });
  expect((await requireSociety(world.store, await recordOf('old'), 1)).agents).toEqual(before.agents);
});

/** Absolute paths among the texts of a value. */
function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return path.isAbsolute(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : [];
}

/** The artifact as older versions wrote it. */
async function rewrite(store: ArtifactStore, key: string): Promise<void> {
  const file = path.join(world.folder, key);
  const content = JSON.parse(await readFile(file, 'utf8'), (name, value: unknown) =>
    name === 'endpoint' ? undefined : value,
  ) as Society & StoredSociety & { sha256?: string };
  delete content.sha256;
  await writeFile(file, '');
  await rm(file);
  await publishSealed(store, key, content);
}
