/**
 * STaR's second question: members with a wrong answer are asked again, with the reference as a hint (method.md,
 * Methods).
 */
import { requireSealed } from '../src/artifacts/sealed';
import type { StoredCompletion } from '../src/contract/completion';
import type { HintsInput, PaidCounts } from '../src/contract/run';
import { saidIn } from '../src/domain/answers';
import { countCompletions } from '../src/domain/completion-counts';
import { debateRules, voiceOf } from '../src/domain/debate-rules';
import { samplingSeed } from '../src/domain/draws';
import { memberNumbers } from '../src/domain/identifiers';
import { iterationKeys } from '../src/domain/keys';
import { modelOf } from '../src/domain/society';
import { hintedMessages, instructionOf } from '../src/prompts';
import { allSettledOrFailed } from '../src/settled';
import { completeOnce, completionPlace, type CallMemory } from './completions';
import { chargesOf } from './charges';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { References } from './references';
import type { LoadedRuns } from './loaded-runs';

export function createHintActivities(
  dependencies: ActivityDependencies,
  loadedRuns: LoadedRuns,
  { references, memory }: { references: References; memory: CallMemory },
) {
  const { store } = dependencies;
  const charges = chargesOf(store, loadedRuns);

  /** Asks every member whose first answer is wrong once more and stores the answer beside its first response. */
  async function askWithHints(input: HintsInput): Promise<PaidCounts> {
    return withHeartbeats(async () => {
      const { record } = await loadedRuns.run(input);
      const members = memberNumbers(debateRules(record.specification, input.split).members);
      const wrong = await membersInNeed(input, members);
      const counts = countCompletions(await allSettledOrFailed(wrong.map((member) => askAgain(input, member))));
      const round = iterationKeys.round({ ...input, round: 1 });
      return { ...counts, ...(await charges.in(input, [round], (name) => name.endsWith('.hinted'))) };
    });
  }

  async function membersInNeed(input: HintsInput, members: number[]): Promise<number[]> {
    const { record } = await loadedRuns.run(input);
    const task = await loadedRuns.task(input);
    const answers = await Promise.all(
      members.map(async (member) => {
        const first = await requireSealed<StoredCompletion>(
          store,
          iterationKeys.turn(await partOf(input, member, 'response')),
        );
        return await task.parse(saidIn(first.response, record.specification.method.thinking));
      }),
    );
    const parsed = [...new Set(answers.filter((answer) => answer !== null))];
    const judge = await references.judge(
      input,
      new Map([[input.problemId, parsed]]),
      iterationKeys.hintVerdicts(input),
    );
    return members.filter((_, index) => {
      const answer = answers[index] ?? null;
      return answer === null || !judge.isCorrect(input.problemId, answer);
    });
  }

  async function askAgain(input: HintsInput, member: number): Promise<StoredCompletion> {
    const { record } = await loadedRuns.run(input);
    const { seed, method, execution } = record.specification;
    const { agent } = voiceOf({ member, round: 1 }, debateRules(record.specification, input.split));
    const society = await loadedRuns.society(input, input.societyIteration);
    const prompts = await loadedRuns.prompts(input);
    const { question } = await loadedRuns.problem(input, input.problemId);
    const reference = await references.answerOf(input, input.problemId);
    const instruction = instructionOf(prompts.instructions, method.instructions, agent);
    const { model, endpoint } = modelOf(society, agent);
    const request = {
      model,
      messages: hintedMessages(prompts, { question, instruction, reference }),
      sampling: society.sampling.generation,
      seed: samplingSeed({ kind: 'response', seed, ...input, round: 1, agent: `${agent}.hinted` }),
    };
    const place = completionPlace(await partOf(input, member, 'hinted'), execution.reuseTurnsOf);
    return completeOnce({ ...dependencies, ...memory, endpoint, allowed: input.allowed }, place, request);
  }

  async function partOf(input: HintsInput, member: number, part: 'response' | 'hinted') {
    const { record } = await loadedRuns.run(input);
    const { name } = voiceOf({ member, round: 1 }, debateRules(record.specification, input.split));
    return { ...input, round: 1, agent: name, part };
  }

  return { askWithHints };
}
