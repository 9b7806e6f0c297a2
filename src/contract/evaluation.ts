/** What an evaluation measured: every answer mode on every problem, so that comparisons can be paired. */
import type { CallCounts } from './run';
import type { Split } from './transcript';

/**
 * How an answer was obtained from one society:
 * `society` = by the method's own mode (debate, vote or sample), `sample` = generation-1's first answer,
 * `sample-at-<T>` = one more answer of generation-1, at temperature T,
 * `vote-<k>` = vote over k first-round samples (architecture: sample j comes from generation agent ((j-1) mod N)+1),
 * `vote-equal-tokens` = vote over as many of them as match the tokens of the problem's debate.
 */
export type AnswerMode = 'society' | 'sample' | `sample-at-${number}` | `vote-${number}` | typeof equalTokens;

export const equalTokens = 'vote-equal-tokens';

export interface ModeResult {
  mode: AnswerMode;
  /** All problems of the split; no parsable answer is wrong. */
  problems: number;
  correct: number;
  /** correct / problems */
  accuracy: number;
  /** Population standard deviation of per-problem correctness / sqrt(n). */
  standardError: number;
  /** Model calls this mode takes per problem. */
  callsPerProblem: number;
  counts: CallCounts;
  noAnswer: number;
  tieBroken: number;
}

export interface ProblemResult {
  problemId: string;
  /** Whether the answer of each mode was right. */
  correct: Partial<Record<AnswerMode, boolean>>;
}

export interface MemberResult {
  member: number;
  /** Accuracy of this member's own first-round and last-round answers. */
  first: number;
  last: number;
}

/** `evaluation.json` of one iteration. */
export interface Evaluation {
  runId: string;
  iteration: number;
  split: Split;
  problems: number;
  failed: number;
  /** Empty, as everything below that says what is right, if the problems have no reference answers. */
  modes: ModeResult[];
  members: MemberResult[];
  /** Mean over all members of `MemberResult.first`: one call, less noisy than the mode `sample`. */
  meanFirstAccuracy: number | null;
  /** Mean over problems with a consensus of the share of parsed last-round answers in the winning group. */
  agreement: number | null;
  withoutConsensus: number;
  perProblem: ProblemResult[];
}

/** Audit of the consensus behind a training set; only if reference answers exist, never read by selection. */
export interface ConsensusAudit {
  iteration: number;
  /** `examples`: those whose problem has a reference answer and a consensus; others cannot be judged. */
  agents: { agent: string; examples: number; wrongConsensus: number }[];
  problems: { agreed: number; consensusRight: number };
}
