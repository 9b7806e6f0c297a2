/** An empty answer goes on as what it is: hosts refuse a chat that holds an assistant's turn without text. */
import type { StoredCompletion } from '../../src/contract/completion';
import { requireSealed } from '../../src/artifacts/sealed';
import { parseLines } from '../../src/artifacts/lines';
import type { Transcript } from '../../src/contract/transcript';
import { memberNumbers } from '../../src/domain/identifiers';
import { iterationKeys } from '../../src/domain/keys';
import { activityWorld, trainingShard } from '../support/activity-world';

test.each(['', ' \n\t'])('after an answer of %j the critic is asked without it, and that is recorded', async (said) => {
  const world = await activityWorld();
  try {
    const plan = await world.resolve('empty', { method: { prompts: 'compact', rounds: 2 } });

    world.inference.says = ({ messages, seed }) => (messages.length === 1 && seed % 2 === 0 ? said : undefined);
    const outcome = await world.debate(trainingShard(plan));
    const asked = world.inference.requests.flatMap(({ messages }) => messages);
    expect(asked.filter(({ content }) => content.trim() === '')).toEqual([]);

    const transcripts = parseLines<Transcript>(await world.store.readVerified(outcome.transcripts));
    const critics = transcripts.flatMap(({ problemId, rounds }) =>
      memberNumbers(plan.members).map((member) => ({
        problemId,
        first: rounds[0]!.turns[member - 1]!,
        second: rounds[1]!.turns[member - 1]!,
      })),
    );
    const silent = critics.filter(({ first }) => first.response.trim() === '');
    expect(silent.length).toBeGreaterThan(0);
    expect(silent.length).toBeLessThan(critics.length);
    for (const { problemId, first, second } of critics) {
      const isSilent = first.response.trim() === '';
      expect(second.messages.map(({ role }) => role)).toEqual(isSilent ? ['user'] : ['user', 'assistant', 'user']);
      // What is asked now stands behind what was asked before; it is what was sent, and what would be trained on.
      if (isSilent) expect(second.messages[0]!.content).toContain(`${first.messages[0]!.content}\n\n`);
      expect(world.inference.requests.map(({ messages }) => messages)).toContainEqual(second.messages);
      const place = { runId: 'empty', iteration: 1, split: 'train' as const, problemId, round: 2, agent: second.agent };
      const stored = await requireSealed<StoredCompletion>(
        world.store,
        iterationKeys.turn({ ...place, part: 'response' }),
      );
      expect(stored.askedWithoutEmptyAnswer).toBe(isSilent ? true : undefined);
    }
    expect(outcome.counts.endings).toMatchObject({ 'asked without empty answer': silent.length });
    expect(outcome.counts.endings?.empty).toBeGreaterThanOrEqual(silent.length);
  } finally {
    await world.remove();
  }
});
