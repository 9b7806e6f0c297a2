/** The ledger, which every paid action passes: completions, scores, embeddings, trainings. */

/** Tokens read and written; null if unknown. */
export interface PaidTokens {
  promptTokens: number | null;
  completionTokens: number | null;
}

export interface PaidAction {
  kind: 'completion' | 'score' | 'embedding' | 'training';
  /** The configured endpoint, or the trainer. */
  by: string;
  model: string;
  /** What it is for: the store key of the result (of a training, its weights record), or the command that asks. */
  account: string;
  /** Texts count by their UTF-8 bytes, since no token is shorter than a byte; what a chat template adds comes on top. */
  atMost: PaidTokens;
}

export interface PaidCost extends PaidTokens {
  /** Wall-clock. */
  seconds: number;
  /** Only the seconds of a failed action are known: the other side may have charged for it. */
  outcome: 'done' | 'failed';
}

export interface Ledger {
  /** "May I, at most this much?" Resolves when the action may start, and holds it until then. Throws `PaymentRefused`. */
  admit(action: PaidAction, signal: AbortSignal): Promise<void>;
  /** "It cost this": once for each admitted action, failed ones included. Never rejects: the answer is paid for and kept. */
  enter(action: PaidAction, cost: PaidCost): Promise<void>;
}
