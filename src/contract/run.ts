/** What crosses the border between workflows and activities: references, digests, answers and counts, never texts. */
import type { CallCosts } from './costs';
import type { GuardAction } from './guard';
import type { Gate, PromotionSettings, RunOfLine } from './line';
import type { Landed, Landing, Pace } from './landing';
import type { Allowance, LimitsOfPlan, LimitsProgress, SetLimitsInput, Spending } from './limits';
import type { ScoringKind } from './measures';
import type { DataSource } from './problem';
import type { OpenApproval, PromotionOutcome } from './promotion';
import type { CriticKind, RunSpecification, StopSettings, ValueSource } from './specification';
import type { Split } from './transcript';

/** `run.json`: created if absent by `resolveRun`; the same specification adopts it (this is resume). */
export interface RunRecord {
  runId: string;
  workflowId: string;
  /** SHA-256 (hex) of the canonical JSON of the resolved specification. */
  specificationDigest: string;
  /** With models of the Hub pinned to a commit (`owner/name@<commit>`), which `specificationDigest` leaves out. */
  specification: RunSpecification;
  /** What the user wrote, for a new start: a resolved specification may name former defaults, and be refused. */
  written: unknown;
  valueSources: Record<string, ValueSource>;
  plan: RunPlan;
  /** The problems as drawn; references lie apart, so that selection cannot read them by accident. */
  problems: SplitReferences;
  references: SplitReferences;
  /** The files the problems were read from, as they were; empty for generated problems. */
  sources?: DataSource[];
  /** The society of iteration 0, unless it is the untuned one. */
  startedFrom?: { runId: string; iteration: number; version: string };
  /** The line that the run belongs to, as it was when the run began. */
  line?: RunOfLine;
  /** SHA-256 (hex) of the programs of a user's own tasks: a changed one is refused, not adopted. */
  taskDigests?: { train?: string; eval?: string };
  /**
   * SHA-256 (hex) of the parts of the program that decide results: prompt texts, rules, tasks, the trainer. A worker
   * with different parts refuses the run, and so does one that finds no digests, as in records of older versions.
   */
  program?: Record<string, string>;
  /** Software that made the run: `maft`, `node`, Python packages as the trainer reports them. */
  versions: Record<string, string>;
  createdAt: string;
}

/** The evaluation file, and one training file per iteration (the same one in each with `problems: fixed`). */
export interface SplitReferences {
  eval: ArtifactReference;
  /** Index 0 belongs to iteration 1. */
  train: ArtifactReference[];
  /** Present if the specification asks for a validation split. */
  validation?: ArtifactReference;
}

/** A run, as the inputs of activities name it. */
export interface RunReference {
  runId: string;
  /** SHA-256 (hex) of the record's content: a worker that knows it need not read it again. Absent in older histories. */
  recordDigest?: string;
}

/** Everything the workflows need to order the work; derived once from the specification. */
export interface RunPlan extends RunReference {
  name: string;
  task: string;
  method: string;
  /** N and M of the training debate. */
  members: number;
  rounds: number;
  /** Who answers the rounds > 1; absent in plans of older versions, which knew `own` only. */
  critics?: CriticKind;
  /** N at evaluation; absent in plans of older versions: as many as in training. */
  evaluationMembers?: number;
  /** Rounds of an evaluation debate: 1 if the society answers by sample or vote. */
  evaluationRounds: number;
  iterations: number;
  trainProblems: number;
  evaluationProblems: number;
  /** 0 or absent: no validation split. */
  validationProblems?: number;
  shardSize: number;
  shardsInFlight: number;
  problemsInFlight: number;
  maxFailedShare: number;
  /** Agents with a training set of their own: 2N ids, `shared`, or none. */
  trainedAgents: string[];
  /** k of the vote beside the debate, and at which iterations it is taken. */
  voteSamples: number;
  voteAtIterations: number[];
  /** What is asked beside those votes, at the same iterations; absent: nothing. */
  furtherAnswers?: FurtherAnswers;
  /** k of the vote that the society itself answers by; 0 or absent: one vote per member. */
  ownVoteSamples?: number;
  /** Whether wrong first answers of training problems are asked for again with the reference answer as a hint. */
  hints?: boolean;
  stopWhen?: StopSettings;
  /** Absent in plans of older versions: nothing is judged while the run goes on. */
  guard?: GuardAction;
  /** The scoring that the requested measures need; absent in plans of older versions, which measured nothing. */
  scoring?: ScoringKind[];
  /** The line that the run belongs to; absent: none. */
  line?: PlanOfLine;
  /** What the run may spend, and what its workflows compute worst cases from; absent: no limit. */
  limits?: LimitsOfPlan;
  /** Why the run ends before anything is asked: its line has too little to train on. */
  skipped?: string;
  /** When this start of the run is to have ended, milliseconds since 1970; absent: whenever it has. */
  deadline?: number;
  /** How fast earlier runs went; only with a deadline, and absent if nothing is known. */
  pace?: Pace;
  /** What an earlier start of the run has recorded of its landing. */
  landed?: Landed;
  /** Whether an earlier start of the run has stored something: shards may be closed already. */
  resumed?: boolean;
  /** Search attributes the server knows; only these are upserted. */
  searchAttributes: string[];
  /** Sentences for the log and the report, such as search attributes that are missing. */
  notices: string[];
}

/** How the line of a run decides whether it takes the run's society. */
export interface PlanOfLine {
  name: string;
  gate: Gate;
  /** Of the gate `approval`: how long people have, and what is decided then. */
  approveWithinMs: number;
  otherwise: PromotionSettings['otherwise'];
}

/** Answers beside the debate without a fixed number of samples. */
export interface FurtherAnswers {
  /** Whether the vote goes on until its samples took as many tokens as the problem's debate. */
  atEqualTokens?: boolean;
  /** Temperatures of further single calls. */
  temperatures?: number[];
}

/** A slice of one split, as one child workflow debates it. */
export interface ShardInput {
  plan: RunPlan;
  /** Names the folder `iteration-<l>` the turns are stored under. */
  iteration: number;
  split: Split;
  /** Iteration of the society that debates: l-1 for `train`, l for `eval`. */
  societyIteration: number;
  rounds: number;
  /** N of this debate; absent in shards of older versions: the plan's. */
  members?: number;
  shard: number;
  /** First problem's index in the split, and how many problems. */
  from: number;
  count: number;
  /** k of the vote beside the debate (0 for none), the first N samples of which are the debate's own. */
  voteSamples: number;
  /** Absent: none. */
  furtherAnswers?: FurtherAnswers;
  /** Whether the run was paused when this shard was started. */
  paused?: boolean;
  /** What it may spend; absent without limits. */
  allowance?: Allowance;
}

/** Tokens and calls, summed over what an activity or a stage did. */
export interface CallCounts {
  calls: number;
  promptTokens: number;
  completionTokens: number;
  /** Calls whose tokens the endpoint did not report, which makes the sums above lower bounds. Absent: none. */
  withoutPromptTokens?: number;
  withoutCompletionTokens?: number;
  /** Calls with an unusual end, by kind (`filtered`, `empty`, `truncated`, `ended as …`). Absent: none. */
  endings?: Record<string, number>;
}

export interface ShardOutcome {
  shard: number;
  /** Key and digest of the shard's transcripts. */
  transcripts: ArtifactReference;
  /** The vote samples beside the debate, if any were drawn. */
  votes?: ArtifactReference;
  problems: number;
  agreed: number;
  tieBroken: number;
  none: number;
  failed: number;
  /** What the debates take, whether it was asked for here or adopted from another run. */
  counts: CallCounts;
  /** The part of `counts` that was adopted (`execution.reuseTurnsOf`); absent if nothing was. */
  reused?: CallCounts;
  /** Calls beside `counts` whose answers were not kept and may have been charged; absent if there were none. */
  lost?: CallCounts;
  /** What all of it took of the run's limits; absent without limits, and of a shard that was found closed. */
  charged?: Spending;
}

/** What runs with limits add to the input of an activity that asks models. */
export interface CallAllowance {
  /** How often each of its calls may be charged for, those of earlier attempts included; absent without limits. */
  allowed?: number;
}

/** What such an activity adds to its result: what its calls took in all, earlier attempts and starts included. */
export interface Charged {
  charged?: Spending;
}

/** `shards/<split>/shard-<k>.json`: what the closed shard returned, and what it is the sum of. */
export interface StoredShard extends ShardOutcome {
  /** By agent and endpoint; absent in shards of older versions. */
  costs?: CallCosts[];
}

/** A stored artifact: its key below the store's root, and the SHA-256 (hex) of its bytes, checked when read. */
export interface ArtifactReference {
  key: string;
  sha256: string;
}

export type Stage =
  'resolve' | 'evaluate' | 'debate' | 'select' | 'finetune' | 'validate' | 'promote' | 'report' | 'done';

/** Answer of the `progress` query of a `multiagentFinetuning` run. */
export interface RunProgress {
  runId: string;
  stage: Stage;
  iteration: number;
  iterations: number;
  paused: boolean;
  /** Why the run paused itself, if it did. */
  pauseReason?: string;
  problems: { done: number; total: number; failed: number };
  counts: CallCounts;
  /** Workflow ids of the children that are open now; each answers `progress` for its own part. */
  openChildren: string[];
  /** Accuracy (0..1) of each iteration evaluated so far. */
  accuracy: Record<number, number>;
  /** What people are asked to approve now; absent if nothing. */
  approval?: OpenApproval;
  /** ISO 8601; absent: none. */
  deadline?: string;
  /** Present once the run is landing. */
  landing?: Landing;
  /** Absent without limits. */
  limits?: LimitsProgress;
}

/** An accepted update `setLimits`. */
export interface RecordLimitsInput extends RunReference {
  update: SetLimitsInput;
  updateId: string;
}

/** Answer of the `progress` query of a child workflow: its own work, without that of its open children. */
export interface PartProgress {
  problems: { done: number; total: number; failed: number };
  counts: CallCounts;
  paused: boolean;
  pauseReason?: string;
  openChildren: string[];
}

/** Input of the turn activity: who speaks, where; texts are read from the store. */
export interface TurnInput extends RunReference, CallAllowance {
  iteration: number;
  societyIteration: number;
  split: Split;
  problemId: string;
  round: number;
  member: number;
}

export interface TurnOutcome extends Charged {
  answer: string | null;
  counts: CallCounts;
}

/** First-round samples beyond the debate's own, for the vote over k. */
/** Calls and tokens of an activity. */
export type PaidCounts = CallCounts & Charged;

export interface VoteSamplesInput extends RunReference, CallAllowance {
  iteration: number;
  societyIteration: number;
  split: Split;
  problemId: string;
  /** Sample numbers to draw: from N+1 to k. */
  fromSample: number;
  toSample: number;
  /** Absent: none. */
  furtherAnswers?: FurtherAnswers;
}

/** One problem whose wrong first answers are asked for again with a hint. */
export type HintsInput = Omit<TurnInput, 'round' | 'member'>;

export interface OpenedShard {
  problemIds: string[];
  /** What an earlier start has spent on these problems, by id; absent without limits, or if it is nothing. */
  charged?: Record<string, Spending>;
  /** Present if an earlier run of this shard has finished it. */
  closed?: ShardOutcome;
}

/** A range of a split's shards. */
export interface ClosedShardsInput {
  plan: RunPlan;
  iteration: number;
  split: Split;
  /** First shard and how many. */
  from: number;
  count: number;
}

export interface ProblemFailure {
  problemId: string;
  reason: string;
}

export interface SelectionInput {
  plan: RunPlan;
  iteration: number;
  transcripts: ArtifactReference[];
}

export interface SelectionOutcomeCounts {
  /** Examples per trained agent. */
  examples: Record<string, number>;
}

export interface FinetuneInput extends RunReference {
  iteration: number;
  agent: string;
  /** How long its attempts may hold a device, all together; absent without a limit. */
  allowedSeconds?: number;
}

export interface FinetuneOutcome extends Charged {
  agent: string;
  model: string;
  outcome: 'trained' | 'empty-training-set';
  examples: number;
  /** Completion tokens trained on, all epochs. */
  tokens: number;
  seconds: number;
  /** Mean training loss of the last epoch; `null` if nothing was trained, absent in results of older versions. */
  loss?: number | null;
}

export interface EvaluationInput {
  plan: RunPlan;
  iteration: number;
  /** Default: `eval`. */
  split?: Exclude<Split, 'train'>;
  /** Whether the run ends with this iteration, earlier than planned. */
  last?: boolean;
  paused?: boolean;
  /** Wall-clock seconds of the iteration's training debate, for the account of what it cost. */
  debateSeconds?: number;
  /** What it may spend; absent without limits. */
  allowance?: Allowance;
}

/** One kind of scoring of one shard's responses. */
export interface ScoreShardInput extends CallAllowance {
  plan: RunPlan;
  /** Only the first so many batches, or problems that critics are asked about; absent without limits: all. */
  through?: number;
  iteration: number;
  split: Split;
  kind: ScoringKind;
  shard: number;
  transcripts: ArtifactReference;
}

/** Texts and tokens scored for one shard, now or by an earlier attempt; of `critics`, their calls and tokens. */
export interface ScoredShard extends Charged {
  texts: number;
  tokens: number;
  /** There are more than `through`. */
  unfinished?: true;
}

export interface MeasuresInput {
  plan: RunPlan;
  iteration: number;
  split: Split;
  shards: ShardOutcome[];
  /** Kinds of scoring that could not be done, and why. */
  unscored: Partial<Record<ScoringKind, string>>;
  seconds: { debate: number; evaluation: number };
}

export interface ScoreInput {
  plan: RunPlan;
  iteration: number;
  /** Absent in histories of older versions: `eval`. */
  split?: Exclude<Split, 'train'>;
  shards: ShardOutcome[];
}

export interface EvaluationOutcome extends Charged {
  /** The society's own accuracy, 0..1; null if the problems have no reference answers. */
  accuracy: number | null;
  problems: number;
  failed: number;
  agreement: number | null;
  counts: CallCounts;
}

export interface GuardCheckInput {
  plan: RunPlan;
  iteration: number;
  shards: ShardOutcome[];
}

export interface GuardCheckOutcome {
  /** All findings of this iteration's training debate as one sentence; absent if nothing is wrong. */
  found?: string;
  /** Why the run ends here, if the guard stops it. */
  stopped?: string;
}

/** Wall-clock seconds of one stage, and the model calls it made. */
export interface StageTiming {
  stage: Stage;
  iteration: number;
  seconds: number;
  counts: CallCounts;
}

/** `timings.json`: stages that ended since the report before this one; the time of their first run is kept. */
export interface StageTimings {
  timings: StageTiming[];
}

export interface ReportRequest {
  runId: string;
  /** Last iteration that has been evaluated. */
  throughIteration: number;
  timings: StageTiming[];
}

/** What one run of the top workflow hands to the next by continue-as-new. */
export interface RunState {
  plan: RunPlan;
  /** The iteration this workflow run performs: 1..L. */
  iteration: number;
  accuracy: Record<number, number>;
  /** Mean training loss of iterations 1, 2, … so far; what `stopWhen` judges. */
  losses?: (number | null)[];
  /** Accuracy on the validation split at iterations 0, 1, … so far, if there is one. */
  validation?: number[];
  counts: CallCounts;
  timings: StageTiming[];
  paused: boolean;
  pauseReason?: string;
  /** How often the run was paused or resumed so far; its open children count from there. */
  gateVersion?: number;
}

export interface RunOutcome {
  runId: string;
  /** Iterations that were finished. */
  iterations: number;
  /** Why it ended before the last planned iteration. */
  stopped?: string;
  /** Why it ended before anything was asked. */
  skipped?: string;
  /** Why it ended earlier than planned, or on fewer training problems. */
  landed?: Landing;
  /** Whether its line took its society; absent without a line. */
  promotion?: PromotionOutcome;
  accuracy: Record<number, number>;
  counts: CallCounts;
}
