/**
 * Whether critics use what they read (measures.md): critic, problem and own answer stay the same while the
 * responses of two others are exchanged. Printed by `maft probe-critics --json`, and a measure of every run.
 */
import type { CallCosts } from './costs';
import type { CallCounts } from './run';

export const ownKinds = ['wrong', 'right'] as const;
export const othersKinds = ['right', 'mixed', 'wrong'] as const;

/** How the critic's own first response is. */
export type OwnKind = (typeof ownKinds)[number];
/** How the responses of the two others are: both right, one of each, both wrong. */
export type OthersKind = (typeof othersKinds)[number];

/** One value for each of the six situations a critic is put in. */
export type Cells<Value> = Record<OwnKind, Record<OthersKind, Value>>;

/** A mean over problems in percentage points; `null` if no problem, or too few for an interval, could be measured. */
export interface Points {
  points: number | null;
  standardError: number | null;
  /** 95 %, over problems. */
  interval: { lower: number; upper: number } | null;
}

/** `undecided`: the interval contains the threshold. `not-measured`: too few problems for an interval. */
export type ReadingVerdict = 'reads' | 'does-not-read' | 'undecided' | 'not-measured';

/** Verdicts on the revisions of one problem, one per critic that was asked; none in a situation that was left out. */
export type Revisions = Cells<readonly boolean[]>;

/** What became of one problem. */
export type ProbeOutcome =
  | { kind: 'revised'; right: Revisions }
  /** Its first responses hold too few right or too few wrong ones. */
  | { kind: 'alike' }
  | { kind: 'failed'; reason: string };

/** What the intervention did with the problems of one shard of an evaluation; stored once. */
export interface ProbedShard {
  problems: ({ problemId: string } & ProbeOutcome)[];
  cost: ProbingCost;
}

export interface ProbingCost {
  /** The intervention's calls; without the evaluation's own responses, which it uses. */
  counts: CallCounts;
  /** Those of them that another run had made. */
  reused: CallCounts;
  /** Calls whose answer was not kept; absent if there were none. */
  lost?: CallCounts;
  /** The same by agent and endpoint; absent in files of older versions. */
  costs?: CallCosts[];
  /** Wall-clock, of the attempt that finished the shard. */
  seconds: number;
}

export interface CriticReading {
  problemsAsked: number;
  /** Of those, how many had enough right and wrong first responses; everything below is over these. */
  problems: number;
  /** Problems of which a request was refused. */
  failed: number;
  /** Most first responses that were drawn of one problem. */
  samples: number;
  /** Critics that revised each problem in each situation. */
  critics: number;
  /** Share of right revisions, by how the own response and how those of the others are; without points if not asked. */
  rightByOwnAndOthers: Cells<Points>;
  /** Right with (own wrong, others right) − right with (own wrong, others wrong). */
  reading: Points;
  /** Right with (own right, others right) − right with (own right, others wrong): what wrong others cost. */
  copying: Points;
  /** Reading − copying: what critics gain by judging what they read instead of following it. */
  judgement: Points;
  verdict: ReadingVerdict;
}
