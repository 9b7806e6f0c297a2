/** The lists of messages that agents and the summariser are sent. Byte-stable: training uses exactly what was sent. */
import type { ChatMessage } from '../contract/transcript';
import type { PromptSet } from './prompt-sets';

/** What a critic is asked with. */
export interface LaterRound {
  question: string;
  /** The member's turn of the round before: what it was sent and what it answered. The chat goes on from there. */
  previous: { messages: readonly ChatMessage[]; response: string };
  /** Summary of the others' responses of the round before; absent in methods without summaries. */
  summary?: string | undefined;
  /** The others' responses of the round before, in order of members; empty for a single member. */
  othersResponses: readonly string[];
}

/** Round 1: the question. */
export function firstRoundMessages(prompts: PromptSet, question: string): ChatMessage[] {
  return [user(fill(prompts.firstRound, { question }))];
}

/** Asks for a summary of the other members' responses; `question` only where a setting shows it to the summariser. */
export function summaryMessages(
  prompts: PromptSet,
  othersResponses: readonly string[],
  question?: string,
): ChatMessage[] {
  const responses = list(prompts.listedResponse, prompts.listSeparator, othersResponses);
  if (question === undefined) return [user(fill(prompts.summary, { responses }))];
  return [user(fill(prompts.summaryWithQuestion, { responses, question }))];
}

/**
 * Round m > 1: the chat of round m-1 (question, own earlier responses, and in between what was asked then), and a user
 * turn with the others' opinions and the question restated. A single member is asked to check itself.
 */
export function laterRoundMessages(prompts: PromptSet, round: LaterRound): ChatMessage[] {
  const { messages, response } = round.previous;
  return [...messages, { role: 'assistant', content: response }, user(laterRequest(prompts, round))];
}

function laterRequest(prompts: PromptSet, { question, summary, othersResponses }: LaterRound): string {
  if (othersResponses.length === 0) return fill(prompts.laterRoundAlone, { question });
  if (summary !== undefined) return fill(prompts.laterRound, { summary, question });
  const responses = list(prompts.quotedResponse, prompts.quoteSeparator, othersResponses);
  return fill(prompts.laterRoundWithResponses, { responses, question });
}

function user(content: string): ChatMessage {
  return { role: 'user', content };
}

function list(template: string, separator: string, responses: readonly string[]): string {
  return responses.map((response) => fill(template, { response })).join(separator);
}

/** Fills placeholders in one pass: braces inside a value (a response that holds `{question}`) stay text. */
function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\{([a-z]+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
