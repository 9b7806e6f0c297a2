/** One question, answered in this process: the same prompts as in a run's evaluation, and nothing stored. */
import { readSealed } from '../../src/artifacts/sealed';
import type { StoredCompletion } from '../../src/contract/completion';
import { answerLines, roundLines } from '../../src/cli/ask';
import type { RunRecord } from '../../src/contract/run';
import type { Society } from '../../src/contract/society';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { askSociety, type AskedSociety, type WayOfAsking } from '../../src/runs/ask-society';
import { promptsFor } from '../../src/prompts';
import { graderFor } from '../../src/tasks';
import { activityWorld, evaluationShard, turnOf, type ActivityWorld } from '../support/activity-world';

describe('asking a society', () => {
  let world: ActivityWorld;
  let asked: AskedSociety;
  let question: string;
  const ask = (way: WayOfAsking, seed = 1) =>
    askSociety(asked, { question, way, seed, signal: new AbortController().signal });

  beforeAll(async () => {
    world = await activityWorld();
    const plan = await world.resolve('run');
    const { specification } = (await readSealed<RunRecord>(world.store, runKeys.record('run')))!;
    const task = world.dependencies.task(specification.task);
    asked = {
      society: (await readSealed<Society>(world.store, iterationKeys.society({ runId: 'run', iteration: 0 })))!,
      ...{ specification, task, prompts: promptsFor(specification.method.prompts, task) },
      ...{ inference: () => world.inference, grader: graderFor(task) },
    };
    const shard = evaluationShard(plan);
    const [problemId = ''] = (await world.call('openShard', shard)).problemIds;
    // What a model says depends on its messages alone, so that the two debates are the same where their prompts are.
    world.inference.says = ({ messages }) => `after ${messages.map(({ content }) => content).join('|').length}: #7`;
    for (const round of [1, 2])
      for (const member of [1, 2, 3]) await world.call('takeTurn', turnOf(shard, { problemId, round, member }));
    const key = iterationKeys.turn({
      ...{ runId: 'run', iteration: 0, split: 'eval', problemId, round: 2 },
      ...{ agent: 'critic-2', part: 'response' },
    });
    const stored = (await readSealed<StoredCompletion>(world.store, key))!;
    question = task.typedQuestion!(stored.messages[0]!.content);
    expect(task.typedQuestion!(`${question} = ?`)).toBe(question);
    expect((await ask('debate')).rounds[1]!.turns[1]!.messages).toEqual(stored.messages);
    world.inference.says = () => undefined;
  });

  afterAll(() => world.remove());

  test('takes all rounds by default, a vote over the first, or one call', async () => {
    const [debate, vote, one] = [await ask('debate'), await ask('vote'), await ask('one')];
    expect([debate, vote, one].map(({ counts }) => counts.calls)).toEqual([9, 3, 1]);
    expect(one.rounds[0]!.turns.map(({ agent }) => agent)).toEqual(['generation-1']);
    expect(vote.rounds[0]!.turns.map(({ response }) => response)).toEqual(
      debate.rounds[0]!.turns.map(({ response }) => response),
    );
    expect(debate.rounds[1]!.turns.every(({ agrees }) => agrees !== undefined)).toBe(true);
  });

  test('gives the same answer to the same question and seed, and stores nothing', async () => {
    const before = await world.store.list('runs/run/iteration-0');
    expect(await ask('debate', 5)).toEqual(await ask('debate', 5));
    expect((await ask('debate', 6)).rounds).not.toEqual((await ask('debate', 5)).rounds);
    expect(await world.store.list('runs/run/iteration-0')).toEqual(before);
  });

  test('says what was read and said in lines that move no cursor, and that no answer could be read', async () => {
    world.inference.says = () => 'I \u001b[J do not know\nreally';
    const nothing = await ask('debate');
    world.inference.says = () => undefined;
    expect(answerLines(nothing)[0]).toBe('answer    none: no answer could be read');
    const lines = roundLines(nothing.rounds[1]!);
    expect(lines.join('\n')).toContain('critic-1 reads        I \\u{1b}[J do not know');
    expect(lines).toContain('                        = no answer can be read');
    expect(answerLines(await ask('one'))[0]).toMatch(/^answer {4}-?\d+ \(generation-1 alone\)$/);
  });
});
