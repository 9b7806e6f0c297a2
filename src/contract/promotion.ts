/** What the stage of promotion passes between the workflow and its activities. */
import type { Approval, PromotionDecision, PromotionEvidence, PromotionVerdict } from './line';
import type { RunPlan } from './run';

export interface PromotionInput {
  plan: RunPlan;
  /** The last iteration that was evaluated: its society is the candidate. */
  iteration: number;
}

export interface PromotionJudgement {
  verdict: PromotionVerdict;
  /** One sentence. */
  why: string;
  evidence: PromotionEvidence;
  /** The evidence as people are shown it. */
  question: string;
  /** What an earlier start of the run decided; then nothing is asked again. */
  decided?: PromotionDecision;
}

export interface RecordPromotionInput {
  plan: RunPlan;
  judgement: PromotionJudgement;
  /** Absent if the gate decided. */
  approval?: Approval;
}

/** What a run ends with, of its line. */
export interface PromotionOutcome {
  promoted: boolean;
  why: string;
  /** Null if there is no new version. */
  version: number | null;
}

/** The input of the updates `approve` and `reject`. */
export interface ApprovalInput {
  /** Who decides. */
  by: string;
  why: string;
}

/** What a run waits for people to approve; part of the answer to `progress`. */
export interface OpenApproval {
  question: string;
  /** ISO 8601. */
  until: string;
  otherwise: 'approve' | 'reject';
}
