/** Small transcripts for tests of voting, selection and evaluation: answers in, transcripts out. */
import type { FinishReason, HintedResponse, Transcript, Turn } from '../../src/contract/transcript';
import { voiceOf, type DebateRules } from '../../src/domain/debate-rules';
import type { SelectionSettings } from '../../src/domain/selection';
import { voteOnDebate, type Equality } from '../../src/domain/voting';

export const sameText: Equality = (a, b) => a === b;

/** Selection from a debate of three members over two rounds, as the method's default has it. */
export const selectionSettings: SelectionSettings = {
  method: 'multiagent-finetuning',
  members: 3,
  rounds: 2,
  weights: 'per-agent',
  critics: 'own',
  sharedTargets: 'last-round',
  hint: false,
  select: 'consensus',
  correctedShare: 0.5,
  mixing: 'weighted-loss',
  criticTarget: 'last-round',
  minimumAgreement: 0,
  seed: 0,
  iteration: 1,
  maxLength: 100,
};

export interface DebateOptions {
  problemId?: string;
  iteration?: number;
  seed?: number;
  equal?: Equality;
  /** Tokens per completion; prompts always count 10. */
  completionTokens?: number;
  /** Of the turn of this round and member. */
  finishReason?: (round: number, member: number) => FinishReason;
  critics?: DebateRules['critics'];
  /** What the turn of this round and member answered to a hint; undefined where it was not asked again. */
  hinted?: (round: number, member: number, answer: string | null) => string | null | undefined;
}

/** Rounds of unvoted turns: `answers[round - 1][member - 1]`, `null` for an unparsable one. */
export function turnsOf(answers: (string | null)[][], options: DebateOptions = {}): Transcript['rounds'] {
  const { problemId = 'problem-1', completionTokens = 5, finishReason = () => 'stop', critics = 'own' } = options;
  return answers.map((given, index) => {
    const round = index + 1;
    const turns = given.map((answer, position): Turn => {
      const member = position + 1;
      const { agent } = voiceOf({ member, round }, { members: given.length, rounds: answers.length, critics });
      const hinted = options.hinted?.(round, member, answer);
      return {
        member,
        agent,
        model: `model-of-${agent}`,
        messages: [{ role: 'user', content: `${problemId} asked of ${agent} in round ${round}` }],
        response: `${problemId}: ${agent} says ${answer ?? 'nothing'} in round ${round}`,
        answer,
        finishReason: finishReason(round, member),
        usage: { promptTokens: 10, completionTokens },
        ...(hinted === undefined ? {} : { hinted: hintedAnswer(problemId, agent, hinted) }),
      };
    });
    return { round, turns };
  });
}

function hintedAnswer(problemId: string, agent: string, answer: string | null): HintedResponse {
  return {
    messages: [{ role: 'user', content: `${problemId} asked of ${agent} with the reference as a hint` }],
    response: `${problemId}: ${agent} says ${answer ?? 'nothing'} to the hint`,
    answer,
    finishReason: 'stop',
    usage: { promptTokens: 15, completionTokens: 6 },
  };
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
