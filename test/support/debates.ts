/** Small transcripts for tests of voting, selection and evaluation: answers in, transcripts out. */
import type { FinishReason, Transcript, Turn } from '../../src/contract/transcript';
import { agentOf } from '../../src/domain/identifiers';
import { voteOnDebate, type Equality } from '../../src/domain/voting';

export const sameText: Equality = (a, b) => a === b;

export interface DebateOptions {
  problemId?: string;
  iteration?: number;
  seed?: number;
  equal?: Equality;
  /** Tokens per completion; prompts always count 10. */
  completionTokens?: number;
  /** Of the turn of this round and member. */
  finishReason?: (round: number, member: number) => FinishReason;
}

/** Rounds of unvoted turns: `answers[round - 1][member - 1]`, `null` for an unparsable one. */
export function turnsOf(answers: (string | null)[][], options: DebateOptions = {}): Transcript['rounds'] {
  const { problemId = 'problem-1', completionTokens = 5, finishReason = () => 'stop' } = options;
  return answers.map((given, index) => {
    const round = index + 1;
    const turns = given.map((answer, position): Turn => {
      const agent = agentOf(position + 1, round);
      return {
        member: position + 1,
        agent,
        model: `model-of-${agent}`,
        messages: [{ role: 'user', content: `${problemId} asked of ${agent} in round ${round}` }],
        response: `${problemId}: ${agent} says ${answer ?? 'nothing'} in round ${round}`,
        answer,
        finishReason: finishReason(round, position + 1),
        usage: { promptTokens: 10, completionTokens },
      };
    });
    return { round, turns };
  });
}

/** A voted transcript. */
export function debate(answers: (string | null)[][], options: DebateOptions = {}): Transcript {
  const { problemId = 'problem-1', iteration = 1, seed = 0, equal = sameText } = options;
  const voted = voteOnDebate(turnsOf(answers, options), equal, { seed, iteration, problemId });
  return { problemId, iteration, split: 'train', question: `question of ${problemId}`, ...voted };
}

export function failedDebate(answers: (string | null)[][], problemId: string): Transcript {
  const rounds = turnsOf(answers, { problemId });
  return {
    problemId,
    iteration: 1,
    split: 'train',
    question: '?',
    rounds,
    consensus: { kind: 'failed', reason: 'gone' },
  };
}
