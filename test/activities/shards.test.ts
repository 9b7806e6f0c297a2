/** Closing a shard: votes, marks, and an account of every problem, failed ones included. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseLines } from '../../src/artifacts/lines';
import type { RunPlan, ShardOutcome } from '../../src/contract/run';
import type { Transcript } from '../../src/contract/transcript';
import { orderByDraw } from '../../src/domain/draws';
import { agentOf } from '../../src/domain/identifiers';
import { iterationKeys } from '../../src/domain/keys';
import type { ChatCompletion, ChatRequest } from '../../src/ports';
import { activityWorld, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';
import { FakeInference } from '../support/fake-ports';

/** Says what the test wants said; `undefined` leaves it to the usual fake society. */
class ScriptedInference extends FakeInference {
  script: (request: ChatRequest) => string | undefined = () => undefined;

  override async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    const completion = await super.complete(request, signal);
    return { ...completion, text: this.script(request) ?? completion.text };
  }
}

describe('closing a shard', () => {
  let world: ActivityWorld;
  let inference: ScriptedInference;
  let plan: RunPlan;

  beforeEach(async () => {
    inference = new ScriptedInference();
    world = await activityWorld(() => ({ inference: () => inference }));
    plan = await world.resolve('run');
  });

  afterEach(() => world.remove());

  const transcriptsOf = async ({ transcripts }: ShardOutcome): Promise<Transcript[]> =>
    parseLines<Transcript>(await world.store.readVerified(transcripts));
  const turnFile = (problemId: string, round: number, member: number): string => {
    const key = iterationKeys.turn({
      runId: 'run',
      iteration: 1,
      split: 'train',
      problemId,
      round,
      agent: agentOf(member, round),
      part: 'response',
    });
    return path.join(world.folder, key);
  };

  test('votes over the last round and marks in every round who agrees with the vote', async () => {
    const firstRound = ['#1', '#7', 'no idea'];
    let spoken = 0;
    inference.script = ({ messages }) =>
      messages.length === 1 ? firstRound[spoken++ % 3] : messages[0]?.content.startsWith('List:') ? undefined : '#7';
    const shard = trainingShard(plan, { count: 1 });
    const [{ problemId } = { problemId: '' }] = (await world.call('openShard', shard)).problemIds.map((id) => ({
      problemId: id,
    }));
    for (const member of [1, 2, 3]) await world.call('takeTurn', turnOf(shard, { problemId, round: 1, member }));
    inference.script = ({ messages }) => (messages[0]?.content.startsWith('List:') ? undefined : '#7');
    for (const member of [1, 2, 3]) await world.call('takeTurn', turnOf(shard, { problemId, round: 2, member }));
    const outcome = await world.call('closeShard', { shard, failures: [] });
    const [transcript] = await transcriptsOf(outcome);
    expect(transcript?.consensus).toEqual({
      kind: 'agreed',
      answer: '7',
      votes: [{ answer: '7', members: [1, 2, 3] }],
      tieBroken: false,
    });
    expect(transcript?.rounds.map(({ turns }) => turns.map(({ answer, agrees }) => [answer, agrees]))).toEqual([
      [
        ['1', false],
        ['7', true],
        [null, false],
      ],
      [
        ['7', true],
        ['7', true],
        ['7', true],
      ],
    ]);
    expect(outcome).toMatchObject({ problems: 1, agreed: 1, none: 0, failed: 0, tieBroken: 0, counts: { calls: 9 } });
  });

  test('counts a problem without a parsable answer as none, and keeps it', async () => {
    inference.script = () => 'I cannot say';
    const outcome = await world.debate(trainingShard(plan));
    expect(outcome).toMatchObject({ problems: 4, agreed: 0, none: 4 });
    expect((await transcriptsOf(outcome)).map(({ consensus }) => consensus)).toEqual(Array(4).fill({ kind: 'none' }));
  });

  test("a tie falls by the draw of the run's seed, the iteration, the problem and the answers", async () => {
    let spoken = 0;
    inference.script = ({ messages }) => (messages[0]?.content.startsWith('List:') ? undefined : `#${spoken++}`);
    plan = await world.resolve('ties', { seed: 7 });
    const outcome = await world.debate(trainingShard(plan));
    expect(outcome).toMatchObject({ problems: 4, tieBroken: 4 });
    for (const { problemId, consensus } of await transcriptsOf(outcome)) {
      const answers = consensus.kind === 'agreed' ? consensus.votes.map(({ answer }) => answer) : [];
      const [winner] = orderByDraw(answers, (answer) => `tie/7/1/${problemId}/${answer}`);
      expect(consensus).toMatchObject({ answer: winner, votes: { length: 3 } });
    }
  });

  test('mistake 14: failed problems are recorded with their reason and what was said, never dropped or replaced', async () => {
    const shard = trainingShard(plan);
    const { problemIds } = await world.call('openShard', shard);
    const [first = '', second = ''] = problemIds;
    await world.call('takeTurn', turnOf(shard, { problemId: first, round: 1, member: 2 }));
    const failures = [
      { problemId: first, reason: '400: refused' },
      { problemId: second, reason: '400: refused' },
    ];
    const outcome = await world.debate(shard, failures);
    expect(outcome).toMatchObject({ problems: 4, failed: 2 });
    const transcripts = await transcriptsOf(outcome);
    expect(transcripts.map(({ problemId }) => problemId)).toEqual(problemIds);
    expect(transcripts.slice(0, 2).map(({ consensus }) => consensus)).toEqual(
      Array(2).fill({ kind: 'failed', reason: '400: refused' }),
    );
    expect(transcripts[0]?.rounds).toMatchObject([{ round: 1, turns: [{ member: 2, agent: 'generation-2' }] }]);
    expect(transcripts[1]?.rounds).toEqual([]);
  });

  test('is done once: a second close returns what the first one stored', async () => {
    const shard = trainingShard(plan);
    const outcome = await world.debate(shard);
    expect(await world.call('closeShard', { shard, failures: [] })).toEqual(outcome);
  });

  test('a closed shard is opened with its outcome, so that nobody debates it again', async () => {
    const shard = trainingShard(plan);
    expect((await world.call('openShard', shard)).closed).toBeUndefined();
    const outcome = await world.debate(shard);
    expect((await world.call('openShard', shard)).closed).toEqual(outcome);
  });

  test('a turn that was debated and is lost is an error that names the problem, no vote with fewer members', async () => {
    const shard = trainingShard(plan, { count: 1 });
    await world.debate(shard);
    await rm(turnFile('arithmetic-000004', 2, 3));
    await rm(
      path.join(world.folder, iterationKeys.shardOutcome({ runId: 'run', iteration: 1, split: 'train', shard: 0 })),
    );
    await expect(world.call('closeShard', { shard, failures: [] })).rejects.toMatchObject({
      type: 'ArtifactError',
      message: expect.stringContaining('arithmetic-000004'),
    });
  });

  test('closed again after an attempt that died, with problems that had failed then, it counts and stores what is true now', async () => {
    const shard = trainingShard(plan);
    const { problemIds } = await world.call('openShard', shard);
    const failures = [{ problemId: problemIds[0]!, reason: '400: refused' }];
    const first = await world.debate(shard, failures);
    // What a full disk leaves behind: transcripts, and no outcome.
    const outcomeKey = iterationKeys.shardOutcome({ runId: 'run', iteration: 1, split: 'train', shard: 0 });
    await rm(path.join(world.folder, outcomeKey));
    const second = await world.debate(shard);
    expect(second).toMatchObject({ problems: 4, agreed: 4, failed: 0 });
    expect(second.transcripts.key).not.toBe(first.transcripts.key);
    const consensus = (await transcriptsOf(second)).map(({ consensus: { kind } }) => kind);
    expect(consensus).toEqual(['agreed', 'agreed', 'agreed', 'agreed']);
    expect((await transcriptsOf(first))[0]?.consensus.kind).toBe('failed');
  });

  test('no transcript holds a reference answer', async () => {
    const outcome = await world.debate(trainingShard(plan));
    const references = (await readFile(path.join(world.folder, 'runs/run/references/train.jsonl'), 'utf8'))
      .trim()
      .split('\n');
    expect(references).toHaveLength(4);
    for (const transcript of await transcriptsOf(outcome)) {
      expect(Object.keys(transcript).sort()).toEqual([
        'consensus',
        'iteration',
        'problemId',
        'question',
        'rounds',
        'split',
      ]);
    }
  });
});
