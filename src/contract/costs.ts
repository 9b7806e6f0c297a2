/**
 * What a run has paid for. Every entry is read from what is stored under the key of the paid action itself: a completion, a
 * batch of scores, a weights record, and the notes beside them (docs/decisions, 28).
 */
import type { CallCounts, Stage } from './run';

/** Where completions of one agent at one endpoint went. */
export interface CallCosts {
  /** Who spoke, `summariser`, or the kind of scoring. */
  agent: string;
  /** The configured endpoint that was asked; null if it is not known: a lost call at a run that asks several. */
  endpoint: string | null;
  /** Asked for by this run, and kept. */
  kept: CallCounts;
  /** Charged for, or perhaps, and not kept: killed in flight, failed, repeated, or slower than another attempt. */
  again: CallCounts;
  /** Kept, but asked for by another run: they cost nothing here. */
  adopted: CallCounts;
}

/** The part of a run that an entry belongs to: its stage, and the scores and revisions that belong to no stage's counts. */
export type PaidStage = Extract<Stage, 'debate' | 'evaluate' | 'validate' | 'finetune'> | 'measure';

export interface TrainingCosts {
  /** How often it was begun; more than once if it was interrupted. */
  attempts: number;
  /** Wall-clock seconds in which attempts held a device, those of the result; a killed attempt counts until its last sign of life. */
  seconds: number;
  /** Seconds beyond those: work since the last checkpoint, and loading once more. */
  secondsAgain: number;
  /** At most so many more, of attempts that are under way or were killed. */
  secondsUnknown: number;
  /** Completion tokens trained on, all epochs; 0 while it has no result. */
  tokens: number;
}

/** One line of a run's ledger. */
export interface LedgerEntry extends CallCosts {
  iteration: number;
  stage: PaidStage;
  kind: 'completion' | 'score' | 'embedding' | 'training';
  /** The workflow that goes on with it if the run is started again; absent if it is closed. */
  part?: string;
  /** Of a training, whose `endpoint` is its trainer. */
  training?: TrainingCosts;
}
