/** The messages of a member's turn in a debate: by its round, its society and what was said before. */
import { type DebateRules, voiceOf } from '../domain/debate-rules';
import type { Sampling, Society } from '../contract/society';
import type { ChatMessage } from '../contract/transcript';
import { instructionOf } from './instructions';
import { firstRoundMessages, laterRoundMessages, summaryMessages } from './messages';
import type { PromptSet } from './prompt-sets';

/** Everything the messages depend on besides who speaks. */
export interface DebateFrame {
  society: Pick<Society, 'instructions' | 'summary' | 'summariser' | 'summaryShowsQuestion' | 'sampling'>;
  question: string;
  prompts: PromptSet;
  rules: DebateRules;
}

/** What a member was sent and answered in a round. */
interface Said {
  messages: readonly ChatMessage[];
  response: string;
}

/** A member (1..N) in a round (1..M). */
interface Speaker {
  member: number;
  round: number;
}

/** What the other members said in the round before; nothing in the first round. */
export function othersResponses({ member }: Pick<Speaker, 'member'>, before: readonly Said[]): string[] {
  return before.filter((_, index) => index !== member - 1).map(({ response }) => response);
}

/** What a member knows of the round before; nothing in the first round. */
export interface Heard {
  /** Its own turn; absent in round 1. */
  previous: Said | undefined;
  others: readonly string[];
  /** Of the others' responses; absent in methods without summaries. */
  summary?: string | undefined;
}

/** What a member is sent. */
export function turnMessages(
  frame: DebateFrame,
  speaker: Speaker,
  { previous, others, summary }: Heard,
): ChatMessage[] {
  const { prompts, question, rules } = frame;
  const { agent } = voiceOf(speaker, rules);
  if (previous === undefined) return askedAlone(frame, agent);
  const instruction = isFirstPrompt(speaker, rules) ? instructionFor(frame, agent) : '';
  return laterRoundMessages(prompts, { question, previous, summary, othersResponses: others, instruction });
}

/** The request for a summary of the others' responses; undefined without summaries, or if there are no others. */
export function summaryRequest(
  { society, prompts, question }: DebateFrame,
  others: readonly string[],
): { model: string; messages: ChatMessage[]; sampling: Sampling } | undefined {
  if (!society.summary || others.length === 0) return undefined;
  const messages = summaryMessages(prompts, others, society.summaryShowsQuestion ? question : undefined);
  return { model: society.summariser, messages, sampling: society.sampling.summariser };
}

/** The first prompt of an agent. */
export function askedAlone(frame: DebateFrame, agent: string): ChatMessage[] {
  return firstRoundMessages(frame.prompts, { question: frame.question, instruction: instructionFor(frame, agent) });
}

/** A critic's first prompt is that of round 2; if generation agents answer later rounds, no agent joins the chat. */
function isFirstPrompt({ round }: Speaker, { critics }: DebateRules): boolean {
  return round === 1 || (round === 2 && critics !== 'generation');
}

function instructionFor({ prompts, society }: DebateFrame, agent: string): string {
  return instructionOf(prompts.instructions, society.instructions, agent);
}
