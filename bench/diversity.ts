/**
 * The whole set of diversity measures beside the evaluation it describes: 200 problems, six agents and a base on one model
 * server, the product's own activities without Temporal between them.
 */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import { embeddedConcurrency } from '../src/machine/config';
import type { Measures } from '../src/contract/measures';
import type { RunPlan, ShardOutcome } from '../src/contract/run';
import type { Society } from '../src/contract/society';
import { memberNumbers, societyAgents } from '../src/domain/identifiers';
import { iterationKeys } from '../src/domain/keys';
import { demoModelDirectory } from '../src/machine/paths';
import { OpenAiEndpoint } from '../src/providers/openai-endpoint';
import { OpenAiInference } from '../src/providers/openai-inference';
import { OpenAiScoring } from '../src/providers/openai-scoring';
import { activityWorld, trainingShard, turnOf, type ActivityWorld } from '../test/support/activity-world';
import { startModelServer } from '../test/support/model-server';
import type { Benchmark, BenchmarkResult, Tools } from './measurement';

const problems = 200;
const shardSize = 50;
/** Problems debated at once: what a run has in flight by default. */
const problemsAtOnce = 64;
const shardsAtOnce = 8;
const base = 'tiny-arithmetic';
const agents = societyAgents(3, 2);

export const diversity: Benchmark = {
  name: 'diversity',
  title: 'all measures of 200 problems beside their evaluation, seven models on maft.serve',
  run: measure,
};

async function measure(tools: Tools): Promise<BenchmarkResult> {
  const folder = demoModelDirectory();
  if (!existsSync(folder)) {
    return { benchmark: diversity.name, measurements: [], setting: {}, skipped: `there is no model in ${folder}` };
  }
  const models = await mkdtemp(path.join(tmpdir(), 'maft-bench-diversity-'));
  // Copies: other names are other versions to the server, so nothing is shared that six tuned agents would not share.
  for (const agent of agents) await cp(folder, path.join(models, agent), { recursive: true });
  await mkdir(models, { recursive: true });
  const server = await startModelServer({ folder, name: base, models, python: tools.python });
  const endpoint = new OpenAiEndpoint({
    baseUrl: server.baseUrl,
    timeoutMs: 600_000,
    maxConcurrency: embeddedConcurrency,
  });
  const world = await activityWorld(() => ({
    inference: () => new OpenAiInference(endpoint),
    scoring: () => new OpenAiScoring(endpoint),
  }));
  try {
    return await timed(world);
  } finally {
    await world.remove();
    await endpoint.close();
    await server.close();
    await rm(models, { recursive: true, force: true });
  }
}

async function timed(world: ActivityWorld): Promise<BenchmarkResult> {
  const plan = await world.resolve('bench', {
    task: { kind: 'arithmetic', max: 10, train: 1, eval: problems },
    model: { base },
    sampling: { temperature: 1, topP: 1, maxTokens: 96 },
    evaluation: { measures: ['agreement', 'embedding', 'nll', 'kl-agents', 'kl-base'] },
    execution: { shardSize },
  });
  await publishSociety(world);
  await debateAll(world, { ...plan, runId: 'bench' }, 8);
  const evaluation = await seconds(() => debateAll(world, plan, problems));
  const shards = evaluation.result;
  await world.call('scoreEvaluation', { plan, iteration: 1, shards });
  const scoring = await seconds(() => scoreAll(world, plan, shards));
  const record = { debate: 0, evaluation: evaluation.seconds };
  const assembling = await seconds(() =>
    world.call('recordMeasures', { plan, iteration: 1, split: 'eval', shards, unscored: {}, seconds: record }),
  );
  const measures = await readSealed<Measures>(world.store, iterationKeys.measures({ runId: 'bench', iteration: 1 }));
  const whole = scoring.seconds + assembling.seconds;
  return {
    benchmark: diversity.name,
    measurements: [
      { measure: 'seconds, all measures', value: whole, unit: 's', target: { kind: 'at most', value: 30 } },
      { measure: 'seconds, the evaluation itself', value: evaluation.seconds, unit: 's' },
      {
        measure: 'measures / evaluation',
        value: whole / evaluation.seconds,
        unit: '',
        target: { kind: 'at most', value: 1 },
      },
      { measure: 'seconds, estimators and intervals alone', value: assembling.seconds, unit: 's' },
    ],
    setting: { problems, agents: agents.length, ...measures?.cost.scoring, measured: measures?.klFromBase },
  };
}

/** A tuned society of six versions, without training one. */
async function publishSociety({ store }: ActivityWorld): Promise<void> {
  const place = { runId: 'bench', iteration: 0 };
  const untuned = (await readSealed<Society>(store, iterationKeys.society(place)))!;
  const tuned = Object.fromEntries(
    agents.map((agent) => [agent, { model: agent, trainedIn: 1, endpoint: 'embedded' }]),
  );
  await publishSealed<Society>(store, iterationKeys.society({ ...place, iteration: 1 }), {
    ...untuned,
    iteration: 1,
    agents: tuned,
  });
}

/** All turns of the first so many evaluation problems, a window of problems at once, and their shards' close. */
async function debateAll(world: ActivityWorld, plan: RunPlan, count: number): Promise<ShardOutcome[]> {
  const place = { iteration: 1, split: 'eval' as const, societyIteration: 1 };
  const shards = Array.from({ length: Math.ceil(count / shardSize) }, (_, shard) =>
    trainingShard(plan, { ...place, shard, from: shard * shardSize, count: Math.min(shardSize, count) }),
  );
  const opened = await Promise.all(shards.map((shard) => world.call('openShard', shard)));
  const waiting = shards.flatMap((shard, index) =>
    (opened[index]?.problemIds ?? []).map((problemId) => ({ shard, problemId })),
  );
  await inLanes(waiting, problemsAtOnce, async ({ shard, problemId }) => {
    for (const round of memberNumbers(plan.rounds)) {
      const turns = memberNumbers(plan.members).map((member) =>
        world.call('takeTurn', turnOf(shard, { problemId, round, member })),
      );
      await Promise.all(turns);
    }
  });
  if (count < problems) return [];
  return Promise.all(shards.map((shard) => world.call('closeShard', { shard, failures: [] })));
}

async function scoreAll(world: ActivityWorld, plan: RunPlan, shards: ShardOutcome[]): Promise<void> {
  for (const kind of plan.scoring ?? []) {
    await inLanes(shards, shardsAtOnce, async ({ shard, transcripts }) => {
      await world.call('scoreShard', { plan, iteration: 1, split: 'eval', kind, shard, transcripts });
    });
  }
}

async function inLanes<Item>(items: readonly Item[], size: number, perform: (item: Item) => Promise<void>) {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await perform(item);
  };
  await Promise.all(Array.from({ length: Math.min(size, items.length) }, lane));
}

async function seconds<Result>(perform: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const startedAt = performance.now();
  const result = await perform();
  return { result, seconds: (performance.now() - startedAt) / 1000 };
}
