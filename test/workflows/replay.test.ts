/**
 * Open runs survive a new version: whole recorded histories (`npm run record-histories`) replay on the workflows as they
 * are now. And what histories may hold: few enough events, and no text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { automaticShardSize } from '../../src/domain/plan';
import type { RunningWorkers } from '../../src/worker';
import { createNamespace, type TestNamespace } from '../support/namespace';
import { plainActivities, plainPlan } from '../support/plain-activities';
import { sourceBundle } from '../support/source-bundle';

Runtime.install({ logger: new DefaultLogger('ERROR') });
afterAll(() => Runtime.instance().shutdown());

const folder = path.join(__dirname, '..', 'histories');
const names = readdirSync(folder).map((file) => path.basename(file, '.json'));
const recorded = (name: string): string => readFileSync(path.join(folder, `${name}.json`), 'utf8');
const historyOf = (name: string): unknown => JSON.parse(recorded(name));

describe('recorded histories', () => {
  test('of every kind of workflow and of what may happen to a run are there', () => {
    const kinds = [
      'evaluate',
      'finetune',
      'run-cancelled',
      'run-continued',
      'run-first',
      'run-paused',
      'shard-evaluation-with-a-failed-problem',
      'shard-paused',
      'shard-training',
    ];
    expect(names.sort()).toEqual(kinds);
  });

  test.each(names)(
    '%s replays',
    async (name) => {
      await Worker.runReplayHistory(
        { workflowBundle: sourceBundle(), replayName: name },
        historyFromJSON(historyOf(name)),
      );
    },
    60_000,
  );

  test('the replay is no formality: a history with a step of another kind is refused', async () => {
    const changed = recorded('shard-training').replaceAll('"takeTurn"', '"answerOnce"');
    expect(changed).not.toBe(recorded('shard-training'));
    const replay = Worker.runReplayHistory({ workflowBundle: sourceBundle() }, historyFromJSON(JSON.parse(changed)));
    await expect(replay).rejects.toThrow(/[Nn]ondeterminism/);
  });

  /** The fake society's questions and responses: `3+2*7+5-4*9`, `b*c=14 e*f=36 #-14`. */
  const text = /\d\+\d+\*\d+\+\d+-\d+\*\d+|b\*c=|#-?\d/;

  test.each(names)('%s holds no question and no response', (name) => {
    expect(payloadsOf(historyOf(name)).filter((payload) => text.test(payload))).toEqual([]);
  });

  test('a text would be found: payloads are decoded', () => {
    expect(text.test('b*c=14 e*f=36 #-14')).toBe(true);
    expect(text.test('3+2*7+5-4*9=?')).toBe(true);
    expect(payloadsOf(historyOf('shard-training')).join('\n')).toContain('"problemId":"arithmetic-');
  });

  test('their failures hold no cause and no request', () => {
    const shard = recorded('shard-evaluation-with-a-failed-problem');
    expect(shard).toContain('400: refused');
    expect(payloadsOf(historyOf('shard-evaluation-with-a-failed-problem')).join('\n')).not.toContain('"messages"');
  });
});

describe('a shard of the automatic size', () => {
  let namespace: TestNamespace;
  let workers: RunningWorkers;
  const size = automaticShardSize({ members: 3, rounds: 2 });
  const plan = plainPlan({ shardSize: size, trainProblems: size });

  beforeAll(async () => {
    namespace = await createNamespace();
    workers = await namespace.serve(plainActivities(plan));
  });

  afterAll(async () => {
    workers.shutdown();
    await workers.finished;
    await namespace.close();
  });

  test('50 problems, three members, two rounds, stays under 4,000 events and 2 MB', async () => {
    expect(size).toBe(50);
    const input = {
      plan,
      iteration: 1,
      split: 'train',
      societyIteration: 0,
      rounds: 2,
      shard: 0,
      from: 0,
      count: size,
      voteSamples: 9,
    };
    const options = { workflowId: `maft/${plan.runId}/shard`, taskQueue: 'maft', args: [input] };
    const handle = await namespace.client.workflow.start('debateShard', options);
    await handle.result();
    const { events = [] } = await handle.fetchHistory();
    const turns = events?.filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'takeTurn',
    );
    expect(turns).toHaveLength(300);
    expect(events?.length).toBeLessThan(4_000);
    expect(JSON.stringify(events).length).toBeLessThan(2_000_000);
  });
});

/** All payloads of a history in JSON form, decoded. */
function payloadsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(payloadsOf);
  if (typeof value !== 'object' || value === null) return [];
  if ('data' in value && typeof value.data === 'string') return [Buffer.from(value.data, 'base64').toString('utf8')];
  return Object.values(value).flatMap(payloadsOf);
}
