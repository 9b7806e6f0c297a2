/** What a run may spend (`limits` of a specification), and what workflows grant each other of it (docs/decisions, 29). */
import type { Prices } from './comparison';

/** An amount of everything that is limited. Whole numbers, so sums are exact. */
export interface Spending {
  /** Requests to models: completions, scores, embeddings. */
  calls: number;
  /** Prompt and completion tokens of completions, tokens of scores and embeddings. */
  tokens: number;
  /** Billionths of a US dollar. */
  nanoUsd: number;
  /** Wall-clock seconds in which trainings hold a device: a GPU, or the processor of a machine without one. */
  gpuSeconds: number;
}

/** What is not limited is left out. */
export type Caps = Partial<Spending>;

/** Most tokens of one call. */
export interface CallBound {
  promptTokens: number;
  completionTokens: number;
}

/** Who asks for a completion, as far as its bound depends on it. */
export type BoundedRole = 'generation' | 'critic' | 'summariser';

/** Of a plan with limits: everything that worst cases are computed from, so that workflows need no I/O for them. */
export interface LimitsOfPlan {
  caps: Caps;
  bounds: Record<BoundedRole, CallBound>;
  /** Of the endpoints that are asked, by name; empty without a cap in money. */
  prices: Record<string, Prices>;
  /** Whether summaries are written in rounds > 1. */
  summaries: boolean;
  /** Texts that are scored of one problem at most, by kind, and the tokens of one. */
  scores: { textsPerProblem: number; tokensPerText: number; problemsPerBatch: number };
  /** Calls that measuring whether critics read takes at most, per problem; 0 if it is not measured. */
  readingCallsPerProblem: number;
}

/** What a part of a run is given when it is started. */
export interface Allowance {
  /** What it may spend in all, with what it has spent in an earlier start. */
  limit: Caps;
  /** What its own parts had spent when the run was started again, by workflow id. */
  before: Record<string, Spending>;
}

/** A part of a run in which nothing is in flight tells the one above that it cannot go on with what it has. */
export interface AllowanceNeeded {
  /** Its workflow id. */
  part: string;
  /** How many grants it has received: a message of before the last grant is outdated. */
  heard: number;
  /** What it has used of its limit; with the message it gives back the rest. */
  used: Spending;
  /** What its next action takes at most, and what it could use at most. */
  needs: Spending;
  wants: Spending;
}

/** The answer, for `grants` rises with every one. */
export interface AllowanceGranted {
  grants: number;
  limit: Caps;
}

/** As people write limits, in a specification and in the update `setLimits`. */
export interface WrittenCaps {
  usd?: number | undefined;
  gpuHours?: number | undefined;
  tokens?: number | undefined;
  calls?: number | undefined;
}

export interface SetLimitsInput {
  limits: WrittenCaps;
  by: string;
  why: string;
}

/** `decisions/<n>-set-limits.json`: write-once; the highest number counts. */
export interface LimitsDecision extends SetLimitsInput {
  number: number;
  /** Of the update, so that a repeated activity finds its own decision. */
  updateId: string;
  /** All caps from then on. */
  caps: Caps;
  at: string;
}

/** What the store says of a run's money when it is started, or goes on. */
export interface SpentSoFar {
  spent: Spending;
  /** The part of it that belongs to parts which are not closed, by workflow id. */
  open: Record<string, Spending>;
  caps: Caps;
}

/** Of the `progress` query: caps, what is spent, and what is reserved for what is in flight. */
export interface LimitsProgress {
  caps: Caps;
  spent: Spending;
  reserved: Spending;
}
