/** A society: 2N agents' weights, their prompts, the summariser and the voting rule; immutable and versioned. */
import type { CriticKind, InstructionSettings, PromptSettings } from './method';

export interface AgentModel {
  /** The immutable model name requests carry. */
  model: string;
  /** The iteration whose finetuning made these weights; 0 for the base model. */
  trainedIn: number;
  /** The configured endpoint that serves it: the base's, or the one that its trainer named. */
  endpoint: string;
}

export interface Society {
  /** SHA-256 (hex) of everything below. */
  version: string;
  runId: string;
  /** 0 for the untuned society. */
  iteration: number;
  members: number;
  rounds: number;
  /** Keyed by agent id: `generation-1..N`, and `critic-1..N` if there are later rounds and critics answer them. */
  agents: Record<string, AgentModel>;
  /** The untuned base model, never trained. */
  summariser: string;
  promptSet: PromptSettings;
  instructions: InstructionSettings;
  critics: CriticKind;
  summary: boolean;
  summaryShowsQuestion: boolean;
  voteRule: 'plurality-seeded-tie';
  sampling: Record<'generation' | 'critic' | 'summariser', Sampling>;
}

/** `society.json`. Older versions named an endpoint only if it was not the specification's `model.endpoint`. */
export type StoredSociety = Omit<Society, 'agents'> & {
  agents: Record<string, Omit<AgentModel, 'endpoint'> & Partial<AgentModel>>;
};

export interface Sampling {
  temperature: number;
  topP: number;
  /** Most tokens a response may have; a longer one is cut (`finishReason: length`). */
  maxTokens: number;
}
