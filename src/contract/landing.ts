/** Landing: a run ends earlier than planned, and softly (docs/decisions, 30). Every record here is written once. */

/** `late`: the deadline; `budget`: a cap on what may be spent. */
export type LandingReason = 'late' | 'budget';

export interface Landing {
  reason: LandingReason;
  /** One sentence without a full stop. */
  why: string;
}

/** `decisions/2-fewer-problems.json`: the training debate of one iteration was held on fewer problems than planned. */
export interface FewerProblems extends Landing {
  iteration: number;
  /** The shards that were debated. */
  shards: number[];
  /** How many problems they hold, and how many were planned. */
  problems: number;
  planned: number;
  at: string;
}

/** `decisions/3-ended-early.json`: the run is finished, whatever was planned after its last iteration. */
export interface EndedEarly extends Landing {
  /** The last iteration that was evaluated; -1 if none was. */
  last: number;
  at: string;
}

/** What an earlier start of a run has recorded of its landing. */
export interface Landed {
  fewer?: FewerProblems;
  ended?: EndedEarly;
}

/** Seconds per problem; absent: not measured. */
export interface Pace {
  debate?: number;
  evaluate?: number;
  validate?: number;
  /** Of all trainings of an iteration together, per problem of its training debate. */
  finetune?: number;
}
