/**
 * `measures.json` of one iteration: diversity and drift of the society on the evaluation problems (measures.md).
 * Written once, after the evaluation; read by reports and the guard, never by selection.
 */
import type { CriticReading, ProbingCost } from './critic-reading';
import type { CallCounts } from './run';
import type { Split } from './transcript';

/** A measure that could not be made, and why; it is never 0. */
export interface NotMeasurable {
  kind: 'not-measurable';
  reason: string;
}

export type Measured<Value extends object> = ({ kind: 'measured' } & Value) | NotMeasurable;

export interface Estimate {
  value: number;
  /** 95 % percentile bootstrap interval over problems; `null` with fewer than two problems. */
  interval: { lower: number; upper: number } | null;
  /** Problems it rests on. */
  n: number;
}

/** First-round responses, or those of the last round if there are several. */
export type Role = 'generation' | 'critic';

export interface PairValue {
  /** Whose responses were scored. */
  author: string;
  /** Whose probabilities they were compared with. */
  other: string;
  value: number;
}

export interface AgentValue {
  agent: string;
  value: number;
}

/** Log-likelihood of responses under a critic that did not write them. */
export type HeldOutEstimate = Estimate & {
  /** Whose probabilities: a third critic's, the one model's of all agents, or those of `evaluation.scorer`. */
  scorer: 'held-out critic' | 'the one model' | 'fixed scorer';
};

/** How often each was right, as counts; `problems` is what they are shares of. */
export interface AccuracyByType {
  /** The problems' type, `level 3` and the like, or `all` for the whole split. */
  type: string;
  problems: number;
  members: { member: number; firstRight: number; lastRight: number }[];
  /** Problems that at least one member answered rightly. */
  anyFirstRight: number;
  anyLastRight: number;
  societyRight: number;
}

/** What became of one critic's member between its first and its last answer, on the problems that were debated. */
export interface CriticEffect {
  critic: string;
  problems: number;
  wrongToRight: number;
  rightToWrong: number;
  stayedRight: number;
  stayedWrong: number;
}

/** Problems whose society answer changed from right to wrong or back between two evaluations. */
export interface Flips {
  fromIteration: number;
  /** Problems that both evaluated. */
  problems: number;
  /** Problem ids, sorted. */
  rightToWrong: string[];
  wrongToRight: string[];
}

export interface WrongConsensus {
  /** Training examples whose problem has a reference answer and a consensus. */
  examples: number;
  wrongConsensus: number;
  /** wrongConsensus / examples */
  share: number;
  agents: { agent: string; examples: number; wrongConsensus: number }[];
}

/** What responses of one round look like, regardless of their author. */
export interface ResponseShape {
  responses: number;
  /** Completion tokens as counted by the model that wrote them. */
  meanTokens: Estimate;
  /** Share of responses cut at the token limit. */
  truncatedShare: number;
  /** Share of responses that are the one commonest text, over all problems. */
  commonestTextShare: number;
  /** Share of responses with a parsed answer. */
  parsedShare: number;
}

export interface TrainingCost {
  agents: { agent: string; examples: number; tokens: number; seconds: number }[];
  /** Completion tokens trained on, all epochs. */
  tokens: number;
  seconds: number;
  /** Seconds of training on GPUs; 0 if all trained on a CPU. */
  gpuSeconds: number;
  peakGpuMemoryBytes: number | null;
}

/** What an iteration cost. Seconds are wall-clock time of this attempt at the stage; only the seal covers them. */
export interface Cost {
  /** The training debate; not measurable at iteration 0. */
  debate: Measured<{ counts: CallCounts; seconds: number }>;
  evaluation: { counts: CallCounts; seconds: number };
  training: Measured<TrainingCost>;
  /** Texts read by models for these measures. */
  scoring: { texts: number; tokens: number; seconds: number };
  /** The calls by which critics were asked again; absent if none were. */
  criticReading?: ProbingCost;
  money: NotMeasurable;
}

export interface Measures {
  runId: string;
  /** The society that was measured; 0 is the untuned one. */
  iteration: number;
  split: Split;
  method: string;
  seed: number;
  /** Problems of the split. */
  problems: number;
  /** What the measures that need a model rest on. */
  scored: {
    /** The drawn problems, at most `evaluation.measuredProblems` of the split's. */
    problems: number;
    /** Pairs of a response and a scorer whose context could not hold it: left out, never cut. */
    tooLong: number;
    /** Problems that an endpoint refused while it scored others; absent if there are none. */
    refused?: { problems: number; reason: string };
    embeddingModel: string;
    /** `null`: the agents' own models. */
    fixedScorer: string | null;
  };
  agreement: Measured<Estimate & { withoutConsensus: number }>;
  /** Mean over problems of the mean over pairs of members of 1 - cosine, 0..2. */
  embedding: { first: Measured<Estimate>; last: Measured<Estimate> };
  /** Mean negative log-likelihood in nats per token. */
  heldOutLikelihood: Measured<HeldOutEstimate>;
  /** Nats per token. */
  klBetweenAgents: Record<Role, Measured<Estimate & { pairs: PairValue[] }>>;
  klFromBase: Record<Role, Measured<Estimate & { agents: AgentValue[] }>>;
  /** Levels only if the data set names several. */
  specialisation: Measured<{ rows: AccuracyByType[]; levels?: AccuracyByType[] }>;
  criticEffect: Measured<{ critics: CriticEffect[] }>;
  /** By intervention (`contract/critic-reading.ts`); absent in files of older versions. */
  criticReading?: Measured<CriticReading>;
  flips: { sincePrevious: Measured<Flips>; sinceUntuned: Measured<Flips> };
  wrongConsensus: Measured<WrongConsensus>;
  responses: { first: Measured<ResponseShape>; last: Measured<ResponseShape> };
  cost: Cost;
}

/** The models that scoring one shard's responses needs; each kind is done and may fail by itself. */
export type ResponseScoring = 'embedding' | 'agents' | 'scorer';

/** Also `critics`: they are not scored but asked to revise other responses (`contract/critic-reading.ts`). */
export type ScoringKind = ResponseScoring | 'critics';

/** Log-probability of one response under one model, given the messages its author was sent. */
export interface ResponseScore {
  problemId: string;
  round: number;
  member: number;
  /** Immutable name of the model that scored. */
  scorer: string;
  /** Natural logarithm, summed over the response's tokens and, if it ended by itself, the end of the turn. */
  logProbability: number;
  tokens: number;
}

/** 1 - cosine of two members' responses to one problem. */
export interface PairDissimilarity {
  problemId: string;
  round: number;
  first: number;
  second: number;
  value: number;
}

/** One stored batch of scores: a few problems of one shard, for one kind of scoring. */
export interface ScoreBatch {
  problemIds: string[];
  scores: ResponseScore[];
  dissimilarities: PairDissimilarity[];
  tooLong: number;
  texts: number;
  tokens: number;
  /** Left out of the scores above; absent if there are none. */
  refused?: RefusedProblem[];
  /** What its requests took, by endpoint and model; absent in batches of older versions. */
  costs?: ScoreCost[];
  seconds: number;
}

export interface ScoreCost {
  endpoint: string;
  model: string;
  requests: number;
  /** Tokens read; null for embeddings, whose tokens are not counted. */
  tokens: number | null;
}

/** A problem whose responses an endpoint refuses to score while it scores others. */
export interface RefusedProblem {
  problemId: string;
  reason: string;
}
