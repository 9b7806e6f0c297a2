import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { createActivities } from '../../activities';
import { ProviderError } from '../../src/errors';
import { buildProof } from '../../src/proof/build-proof';
import { performRuns } from '../../src/proof/perform-proof';
import { planProof } from '../../src/proof/plan';
import { readSeries } from '../../src/proof/series';
import { RunCancelled } from '../../src/runs/follow';
import type { RunningWorkers } from '../../src/worker';
import { fakeBaseModel, fakeWorld, type FakeWorld } from '../support/fake-ports';
import { createNamespace, type TestNamespace } from '../support/namespace';
import { testServerAddress } from '../support/temporal-server';
import { base } from './proof-fixture';

/** A proof in small against the real Temporal server; doubles only where a model would be. */
// Charts are drawn in test/report and in this folder's other files.
Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('a proof', () => {
  let namespace: TestNamespace;
  let world: FakeWorld;
  let workers: RunningWorkers;
  let folder: string;
  const environment = { ...process.env };

  const said: string[] = [];
  const platform = (interrupted = new AbortController().signal) => ({
    model: null,
    listener: (line: string) => void said.push(line),
    interrupted,
  });
  const planOf = (seed: number) =>
    planProof(
      { ...base, model: { base: fakeBaseModel }, execution: { shardSize: 3, shardsInFlight: 2, problemsInFlight: 2 } },
      {
        seeds: [seed],
        methods: ['multiagent-finetuning', 'majority-finetuning'],
        iterations: 1,
        problems: 6,
      },
    );

  beforeAll(async () => {
    namespace = await createNamespace();
    folder = await mkdtemp(path.join(tmpdir(), 'maft-proof-runs-'));
    const machine = { TEMPORAL_ADDRESS: testServerAddress(), TEMPORAL_NAMESPACE: namespace.name, MAFT_HOME: folder };
    Object.assign(process.env, machine);
    world = fakeWorld(folder);
    // A fresh namespace knows no search attributes.
    const platform = { registeredSearchAttributes: () => Promise.resolve([]) };
    workers = await namespace.serve(createActivities({ ...world.dependencies, platform }));
  });

  afterAll(async () => {
    process.env = environment;
    workers.shutdown();
    await workers.finished;
    await namespace.close();
    await rm(folder, { recursive: true, force: true });
    await Runtime.instance().shutdown();
  });

  it('makes every run, and does not do again what is finished', async () => {
    const plan = planOf(1);
    expect(await performRuns(plan, world.store, platform())).toEqual([]);
    const asked = world.inference.requests.length;
    // 6 problems: a debate takes 9 calls, a vote over nine 6 more; majority finetuning asks 3, and 6 more.
    expect(asked).toBe(6 * (9 + 15 + 15) + 6 * (3 + 9 + 9));
    expect(await performRuns(plan, world.store, platform())).toEqual([]);
    expect(world.inference.requests.length).toBe(asked);
    expect(said.at(-1)).toBe('proof: 2 runs, 2 of them finished already');
    const series = await Promise.all(plan.runs.map((run) => readSeries(world.store, run)));
    const { runs, curves } = buildProof(
      plan,
      series.filter((run) => run !== undefined),
    );
    expect(runs.every(({ isFinished }) => isFinished)).toBe(true);
    expect(curves.map(({ method, mode }) => `${method}/${mode}`)).toContain('majority-finetuning/vote-9');
  });

  it('that is interrupted goes on where it was, and asks no finished turn again', async () => {
    const plan = planOf(2);
    const before = world.inference.requests.length;
    const interrupt = new AbortController();
    world.inference.trouble = () => {
      if (world.inference.requests.length - before === 100) interrupt.abort();
      return undefined;
    };
    world.inference.delayMs = 20;
    await expect(performRuns(plan, world.store, platform(interrupt.signal))).rejects.toThrow(RunCancelled);
    world.inference.delayMs = 0;
    expect(world.inference.requests.length - before).toBeLessThan(6 * (9 + 15 + 15));
    expect(await performRuns(plan, world.store, platform())).toEqual([]);
    const again = world.inference.requests.length - before - (6 * (9 + 15 + 15) + 6 * (3 + 9 + 9));
    // Calls that were on the way when it was cancelled are the only ones that may be repeated.
    expect(again).toBeGreaterThanOrEqual(0);
    expect(again).toBeLessThanOrEqual(20);
  });

  it('goes on with the next run where one fails, names it, and tries it again the next time', async () => {
    const plan = planOf(3);
    world.inference.trouble = ({ messages }) =>
      messages.length > 1 ? new ProviderError('400: no debates today', { status: 400, retryable: false }) : undefined;
    const failed = await performRuns(plan, world.store, platform());
    expect(failed.map(({ runId }) => runId)).toEqual(['proof-p6-i1-multiagent-finetuning-s3']);
    expect(failed[0]!.reason).toContain('failed');
    world.inference.trouble = () => undefined;
    expect(await performRuns(plan, world.store, platform())).toEqual([]);
  });
});
