/** One completion as it is stored under its own key: what was asked, of whom, and what came back. */
import type { Sampling } from './society';
import type { ChatMessage, CompletionEnd, Usage } from './transcript';

/** Content of a turn file. */
export interface StoredCompletion extends CompletionEnd {
  /** SHA-256 (hex) of model, messages, sampling and seed. */
  requestDigest: string;
  model: string;
  messages: ChatMessage[];
  sampling: Sampling;
  seed: number;
  /** The configured endpoint that was asked; not part of the digest. Another one may serve other weights by this name. */
  endpoint?: string;
  response: string;
  usage: Usage;
  /** The endpoint's name for the model that answered, if it differs from the requested name but means the same model. */
  answeredBy?: string;
  /** The agent's own answer of the previous round was empty, so it is not among the messages. */
  askedWithoutEmptyAnswer?: true;
  /** The run that made this completion, if it was adopted from another run (`execution.reuseTurnsOf`). */
  reusedFrom?: string;
}
