/**
 * Whether critics use what they read (measures.md): critic, problem and own answer stay the same while the
 * responses of two others are exchanged. Printed by `maft probe-critics --json`.
 */
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

export interface CriticReading {
  problemsAsked: number;
  /** Of those, how many had enough right and wrong first responses; everything below is over these. */
  problems: number;
  /** Problems of which a request was refused. */
  failed: number;
  /** Most first responses that were drawn of one problem. */
  samples: number;
  /** Critics that revised in each situation. */
  critics: number;
  /** Share of right revisions, by how the own response and how those of the others are. */
  rightByOwnAndOthers: Cells<Points>;
  /** Right with (own wrong, others right) − right with (own wrong, others wrong). */
  reading: Points;
  /** Right with (own right, others right) − right with (own right, others wrong): what wrong others cost. */
  copying: Points;
  /** Reading − copying: what critics gain by judging what they read instead of following it. */
  judgement: Points;
  verdict: ReadingVerdict;
}
