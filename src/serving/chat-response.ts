/** A society's answer in the words of OpenAI's chat completions. What OpenAI's has no word for stands in the field `maft`. */
import type { DebateRound, Turn } from '../contract/transcript';
import { winningGroup } from '../domain/voting';
import type { SocietyAnswer } from '../runs/ask-society';
import type { ChatQuestion } from './chat-request';

export interface ChatHead {
  id: string;
  /** Unix time, seconds. */
  created: number;
  model: string;
}

export interface AnswerDetails {
  /** `RUN@ITERATION` */
  society: string;
  mode: SocietyAnswer['way'];
  /** As the task reads it out of responses; null if none could be read. */
  answer: string | null;
  /** Members (or samples) that gave this answer, and all of them. */
  votes: { winning: number; of: number; tieBroken: boolean };
  calls: number;
  /** Calls whose tokens the endpoint did not count: `usage` lacks them. */
  uncountedCalls: number;
  /** Settings of the request that were not followed. */
  ignored: string[];
  transcript?: DebateRound[];
}

/** The whole response. */
export function chatCompletion(head: ChatHead, answer: SocietyAnswer, asked: ChatQuestion) {
  const spoken = spokenTurn(answer);
  const choice = { index: 0, message: { role: 'assistant', content: spoken.response, refusal: null }, logprobs: null };
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ ...choice, finish_reason: finishReason(spoken) }],
    usage: usageOf(answer),
    maft: detailsOf(answer, asked),
  };
}

/** The chunks of a stream, in their order, once the answer is known; a first one with the role went before. */
export function chatChunks(head: ChatHead, answer: SocietyAnswer, asked: ChatQuestion): object[] {
  const spoken = spokenTurn(answer);
  const last = { ...chunk(head, {}, finishReason(spoken)), maft: detailsOf(answer, asked) };
  const usage = { ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(answer) };
  return [chunk(head, { content: spoken.response }), last, ...(asked.streamUsage ? [usage] : [])];
}

export function chunk(head: ChatHead, delta: object, finish: string | null = null) {
  return { ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] };
}

/** The response that speaks for the society: of the first member that agrees with the vote, else of the first. */
function spokenTurn({ rounds }: SocietyAnswer): Turn {
  const turns = rounds.at(-1)?.turns ?? [];
  const spoken = turns.find(({ agrees }) => agrees === true) ?? turns[0];
  if (spoken === undefined) throw new Error('an answered question has no turn');
  return spoken;
}

/** OpenAI's word; null where the endpoint's is not known. */
function finishReason({ finishReason: reason }: Turn): string | null {
  if (reason === 'filtered') return 'content_filter';
  return reason === 'stop' || reason === 'length' ? reason : null;
}

function usageOf({ counts: { promptTokens, completionTokens } }: SocietyAnswer) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function detailsOf({ consensus, rounds, ...answer }: SocietyAnswer, asked: ChatQuestion): AnswerDetails {
  const { calls, withoutPromptTokens = 0, withoutCompletionTokens = 0 } = answer.counts;
  const winning = consensus.kind === 'agreed' ? (winningGroup(consensus)?.members.length ?? 0) : 0;
  return {
    society: answer.society,
    mode: answer.way,
    answer: answer.answer,
    votes: {
      winning,
      of: rounds.at(-1)?.turns.length ?? 0,
      tieBroken: consensus.kind === 'agreed' && consensus.tieBroken,
    },
    calls,
    uncountedCalls: Math.max(withoutPromptTokens, withoutCompletionTokens),
    ignored: asked.ignored,
    ...(asked.transcript ? { transcript: rounds } : {}),
  };
}
