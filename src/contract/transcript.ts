/** The record of a debate: what every member was asked and answered, and what the vote made of it. */

export type ChatRole = 'system' | 'user' | 'assistant';

export interface ChatMessage {
  role: ChatRole;
  content: string;
}

/**
 * `stop`: the model ended its turn; only such a response trains. `length`: cut at a token limit. `filtered`: withheld
 * or cut by the provider. `other`: anything else a provider reports (`src/domain/finish-reasons.ts`).
 */
export type FinishReason = 'stop' | 'length' | 'filtered' | 'other';

export interface CompletionEnd {
  finishReason: FinishReason;
  /** The provider's word for it, unless it is OpenAI's; `unreported` if there was none. */
  reportedReason?: string;
}

/** Tokens as counted by the model that was called; null if the endpoint did not report them. */
export interface Usage {
  promptTokens: number | null;
  completionTokens: number | null;
}

export interface SummaryRecord {
  messages: ChatMessage[];
  response: string;
  usage: Usage;
}

/** A first answer given again with the reference answer as a hint; only on turns of STaR whose own answer was wrong. */
export interface HintedResponse extends CompletionEnd {
  /** Holds the reference answer. Never trained on: the example has the turn's own, unhinted messages. */
  messages: ChatMessage[];
  response: string;
  answer: string | null;
  usage: Usage;
}

/** One member's part of one debate round. */
export interface Turn extends CompletionEnd {
  /** 1..N */
  member: number;
  /** `generation-n` or `critic-n`; in the later rounds of a society without critics `generation-n`. */
  agent: string;
  /** The immutable name of the model that answered. */
  model: string;
  /** Present in rounds > 1 of methods with a summary. */
  summary?: SummaryRecord;
  /** Exactly what the agent was sent, byte for byte. */
  messages: ChatMessage[];
  response: string;
  /** The normalised value parsed from the response; `null` if none parses. */
  answer: string | null;
  /** Whether the answer equals at least one answer of the winning group; absent before the vote. */
  agrees?: boolean;
  usage: Usage;
  hinted?: HintedResponse;
}

export interface DebateRound {
  /** 1..M */
  round: number;
  /** One turn per member, sorted by member. */
  turns: Turn[];
}

export interface VoteGroup {
  answer: string;
  /** Members whose last-round answer is in the group, ascending. */
  members: number[];
}

export type Consensus =
  | { kind: 'agreed'; answer: string; votes: VoteGroup[]; tieBroken: boolean }
  /** No last-round answer parsed. */
  | { kind: 'none' }
  /** A turn failed after all retries: no vote with fewer members. */
  | { kind: 'failed'; reason: string };

/** Which problems a debate was held on. `eval.<task>` stands for an evaluation on another task. */
export type Split = 'train' | 'eval' | typeof validationSplit;

/** Problems that only `stopWhen: plateau` uses: drawn from the training problems, in neither other split. */
export const validationSplit = 'eval.validation';

export interface Transcript {
  problemId: string;
  iteration: number;
  split: Split;
  question: string;
  rounds: DebateRound[];
  consensus: Consensus;
}
