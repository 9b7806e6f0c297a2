/** Toy language models small enough to be summed over: every response, its probability and its tokens are listed. */
import type { ResponseScore } from '../../src/contract/measures';
import type { Transcript, Turn } from '../../src/contract/transcript';
import { agentOf } from '../../src/domain/identifiers';

/** Probability of each response; one letter is one token. Probabilities are multiples of 1 / `grain`. */
export type ToyModel = Record<string, number>;

export const grain = 16;

/** Sum over all responses of p(y) log(p(y) / q(y)), by the expected length: the divergence per token. */
export function exactDivergence(p: ToyModel, q: ToyModel): number {
  const responses = Object.entries(p);
  const whole = responses.reduce((sum, [text, share]) => sum + share * Math.log(share / q[text]!), 0);
  return whole / expectedLength(p);
}

/** Sum over all responses of p(y) (-log q(y)), by the expected length: the cross entropy per token. */
export function exactCrossEntropy(p: ToyModel, q: ToyModel): number {
  const whole = Object.entries(p).reduce((sum, [text, share]) => sum - share * Math.log(q[text]!), 0);
  return whole / expectedLength(p);
}

function expectedLength(p: ToyModel): number {
  return Object.entries(p).reduce((sum, [text, share]) => sum + share * text.length, 0);
}

/** `grain` responses in which each text occurs exactly as often as its probability says. */
export function everyResponse(model: ToyModel): string[] {
  return Object.entries(model).flatMap(([text, share]) => Array<string>(Math.round(share * grain)).fill(text));
}

/**
 * A debate per response: member n answers problem k with the k-th response of its model, in every round. A mean over
 * these problems is then an expectation, without sampling noise.
 */
export function toyDebates(models: ToyModel[], rounds = 1): Transcript[] {
  const responses = models.map(everyResponse);
  return Array.from({ length: grain }, (_, index) => ({
    problemId: `problem-${index}`,
    iteration: 1,
    split: 'eval' as const,
    question: '?',
    rounds: Array.from({ length: rounds }, (_, round) => ({
      round: round + 1,
      turns: models.map((_, member) =>
        toyTurn({ member: member + 1, round: round + 1, response: responses[member]![index]! }),
      ),
    })),
    consensus: { kind: 'agreed' as const, answer: 'x', votes: [{ answer: 'x', members: [1] }], tieBroken: false },
  }));
}

export const toyModelName = (member: number): string => `model-${member}`;

function toyTurn({ member, round, response }: { member: number; round: number; response: string }): Turn {
  return {
    member,
    agent: agentOf(member, round),
    model: toyModelName(member),
    messages: [{ role: 'user', content: '?' }],
    response,
    answer: 'x',
    finishReason: 'stop',
    usage: { promptTokens: 1, completionTokens: response.length },
  };
}

/** Every response of every member under every model. */
export function toyScores(debates: Transcript[], models: Record<string, ToyModel>): ResponseScore[] {
  return debates.flatMap(({ problemId, rounds }) =>
    rounds.flatMap(({ round, turns }) =>
      turns.flatMap(({ member, response }) =>
        Object.entries(models).map(([scorer, model]) => ({
          problemId,
          round,
          member,
          scorer,
          logProbability: Math.log(model[response]!),
          tokens: response.length,
        })),
      ),
    ),
  );
}
