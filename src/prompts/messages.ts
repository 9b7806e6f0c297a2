/** The lists of messages that agents and the summariser are sent. Byte-stable: training uses exactly what was sent. */
import type { ChatMessage } from '../contract/transcript';
import { isEmpty } from '../domain/finish-reasons';
import { fill } from './placeholders';
import type { PromptSet } from './prompt-sets';

/** The first request to an agent. */
export interface FirstRound {
  question: string;
  /** What precedes the prompt, with its separator (`instructionOf`); empty or absent if nothing does. */
  instruction?: string;
}

/** A later request to a member. */
export interface LaterRound {
  question: string;
  /** The member's turn of the round before: what it was sent and what it answered. The chat goes on from there. */
  previous: { messages: readonly ChatMessage[]; response: string };
  /** Summary of the others' responses of the round before; absent in methods without summaries. */
  summary?: string | undefined;
  /** The others' responses of the round before, in order of members; empty for a single member. */
  othersResponses: readonly string[];
  /** What precedes this agent's first prompt; absent if this chat has asked the agent before. */
  instruction?: string;
}

/** Round 1: the system prompt, if there is one, and the question. */
export function firstRoundMessages(prompts: PromptSet, { question, instruction = '' }: FirstRound): ChatMessage[] {
  return [...system(prompts.system), user(instruction + fill(prompts.firstRound, { question }))];
}

/**
 * Round 1 again, with the reference answer as a hint (STaR). Callers may read reference answers; the response is
 * trained on with the messages of `firstRoundMessages`, never with these.
 */
export function hintedMessages(
  prompts: PromptSet,
  { question, instruction = '', reference }: FirstRound & { reference: string },
): ChatMessage[] {
  const firstRound = fill(prompts.firstRound, { question });
  return [...system(prompts.system), user(instruction + fill(prompts.hinted, { firstRound, question, reference }))];
}

/** Asks for a summary of the other members' responses; `question` only if a setting shows it to the summariser. */
export function summaryMessages(
  prompts: PromptSet,
  othersResponses: readonly string[],
  question?: string,
): ChatMessage[] {
  const responses = list(prompts.listedResponse, prompts.listSeparator, othersResponses);
  const request =
    question === undefined
      ? fill(prompts.summary, { responses })
      : fill(prompts.summaryWithQuestion, { responses, question });
  return [...system(prompts.summarySystem), user(request)];
}

/**
 * Round m > 1: the chat of round m-1 (question, own earlier responses, and in between what was asked then), and a user
 * turn with the others' opinions and the question restated. A single member is asked to check itself. An empty answer is
 * left out.
 */
export function laterRoundMessages(prompts: PromptSet, round: LaterRound): ChatMessage[] {
  const { messages, response } = round.previous;
  const request = (round.instruction ?? '') + laterRequest(prompts, round);
  if (isEmpty(response)) return withoutOwnAnswer(messages, request);
  return [...messages, { role: 'assistant', content: response }, user(request)];
}

/**
 * Hosts refuse an assistant's turn without text, and many templates two user turns in a row: the request is appended to
 * the previous user turn.
 */
function withoutOwnAnswer(messages: readonly ChatMessage[], request: string): ChatMessage[] {
  const last = messages.at(-1);
  if (last?.role !== 'user') return [...messages, user(request)];
  return [...messages.slice(0, -1), user(`${last.content}\n\n${request}`)];
}

function laterRequest(prompts: PromptSet, { question, summary, othersResponses }: LaterRound): string {
  if (othersResponses.length === 0) return fill(prompts.laterRoundAlone, { question });
  if (summary !== undefined) return fill(prompts.laterRound, { summary, question });
  const responses = list(prompts.quotedResponse, prompts.quoteSeparator, othersResponses);
  return fill(prompts.laterRoundWithResponses, { responses, question });
}

function system(content: string | undefined): ChatMessage[] {
  return content === undefined ? [] : [{ role: 'system', content }];
}

function user(content: string): ChatMessage {
  return { role: 'user', content };
}

function list(template: string, separator: string, responses: readonly string[]): string {
  return responses.map((response) => fill(template, { response })).join(separator);
}
