/** What a member is sent in a turn of a debate: by its round, its society and what was said before. */
import type { DebateRules } from '../domain/debate-rules';
import { voiceOf } from '../domain/debate-rules';
import type { Society } from '../contract/society';
import type { ChatMessage } from '../contract/transcript';
import { instructionOf } from './instructions';
import { firstRoundMessages, laterRoundMessages } from './messages';
import type { PromptSet } from './prompt-sets';

/** Everything the messages depend on besides who speaks. */
export interface DebateStage {
  society: Pick<Society, 'instructions'>;
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

/**
 * @param before The turns of the round before, by member; empty in round 1.
 * @param summary Of the others' responses there; absent in methods without summaries.
 */
export function turnMessages(
  stage: DebateStage,
  speaker: Speaker,
  before: readonly Said[],
  summary: string | undefined,
): ChatMessage[] {
  const { prompts, question, rules } = stage;
  const previous = before[speaker.member - 1];
  const { agent } = voiceOf(speaker, rules);
  if (previous === undefined) return askedAlone(stage, agent);
  const instruction = isFirstPrompt(speaker, rules) ? instructionFor(stage, agent) : '';
  const others = othersResponses(speaker, before);
  return laterRoundMessages(prompts, { question, previous, summary, othersResponses: others, instruction });
}

/** The first prompt of an agent. */
export function askedAlone(stage: DebateStage, agent: string): ChatMessage[] {
  return firstRoundMessages(stage.prompts, { question: stage.question, instruction: instructionFor(stage, agent) });
}

/** A critic's first prompt is that of round 2; where generation agents answer on, nobody new comes into the chat. */
function isFirstPrompt({ round }: Speaker, { critics }: DebateRules): boolean {
  return round === 1 || (round === 2 && critics !== 'generation');
}

function instructionFor({ prompts, society }: DebateStage, agent: string): string {
  return instructionOf(prompts.instructions, society.instructions, agent);
}
