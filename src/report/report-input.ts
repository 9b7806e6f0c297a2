/**
 * The input of a report: plain data, gathered from the store. Everything but `run` may be missing or empty, because a
 * report is also written while the run goes on.
 */
import type { Prices } from '../contract/comparison';
import type { ConsensusAudit, Evaluation } from '../contract/evaluation';
import type { PromotionDecision } from '../contract/line';
import type { Measures } from '../contract/measures';
import type { RunRecord, StageTiming } from '../contract/run';
import type { SelectionReport } from '../contract/training';
import type { WeightsRecord } from '../contract/training-job';
import type { Transcript } from '../contract/transcript';
import type { JudgedDebate } from './followed-problems';

/** The artifacts of one iteration that exist by now; iteration 0 has only an evaluation. */
export interface IterationArtifacts {
  iteration: number;
  evaluation?: Evaluation;
  selection?: SelectionReport;
  /** One per trained agent; empty if nothing is trained or training has not ended. */
  weights: WeightsRecord[];
  audit?: ConsensusAudit;
  measures?: Measures;
}

export type AdoptedCalls = Pick<StageTiming, 'stage' | 'iteration' | 'counts'>;

/** As the artifacts show it. Whether an unfinished run is going on, failed or was cancelled, only Temporal knows. */
export type RunStatus = 'unfinished' | 'completed';

export interface ReportInput {
  run: RunRecord;
  state: RunStatus;
  iterations: IterationArtifacts[];
  /** Debates to choose the samples from, of any iteration and split; a few dozen are plenty. */
  transcripts: Transcript[];
  /** Reference answers of the evaluation problems by problem id, to be shown beside the samples; never of training problems. */
  references?: Record<string, string>;
  /** Questions of the evaluation problems by problem id, for the ledger of flips. */
  questions?: Record<string, string>;
  /** Types of the evaluation problems by problem id, if the data set names them. */
  types?: Record<string, string>;
  /** All evaluation debates on the problems that `chooseFollowedProblems` names. */
  followed?: JudgedDebate[];
  timings: StageTiming[];
  /** Calls of those stages that another run had made: this run neither waited nor paid for them. */
  adopted?: AdoptedCalls[];
  /** Accuracy (0..1) on the validation split of iterations 0, 1, …; empty without one. */
  validation?: number[];
  /** Token prices of the endpoint; absent if not configured. */
  prices?: Prices;
  /** Whether the line of the run took its society; absent before that is decided, or without a line. */
  promotion?: PromotionDecision;
  /** Why the run landed early, as a sentence; absent if it did not. */
  landed?: string;
  /** Why the run ended before its last planned iteration: a sentence. */
  endedEarly?: string;
  /** Sentences to show beside those of the plan: fallbacks, skipped measures, problems left out. */
  notices: string[];
}
