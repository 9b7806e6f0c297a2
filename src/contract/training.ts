/** What an agent is finetuned on, and the account of every response that was or was not chosen for it. */
import type { ChatMessage } from './transcript';

/** Which rule chose an example (method.md, Training sets). */
export type ExampleSet = 'generation' | 'corrected' | 'consistent' | 'majority' | 'own' | 'hinted' | 'undesirable';

/** What a training minimises: the completion's own loss, a preference between two (DPO), or a verdict on one (KTO). */
export const trainingLosses = ['supervised', 'dpo', 'kto'] as const;
export type TrainingLoss = (typeof trainingLosses)[number];

/** One line of a training-set file; its key is (problemId, member, round). */
export interface TrainingExample {
  problemId: string;
  iteration: number;
  /** `generation-n`, `critic-n`, or `shared` for the one model of one-model methods. */
  agent: string;
  member: number;
  round: number;
  set: ExampleSet;
  /** The prompt exactly as it was sent at that turn. */
  messages: ChatMessage[];
  /** The target; the loss falls on this only. */
  completion: string;
  /** Loss weight; the weights of one training set average 1. */
  weight: number;
  /** `dpo` only: a response to the same messages that disagrees with the vote. */
  rejected?: string;
  /** `kto` only: whether the completion agrees with the vote. */
  desirable?: boolean;
}

/** Why a response is not trained on, in the order in which the reasons apply; the first that holds is the outcome. */
export const rejectionOutcomes = [
  'failed',
  'no-consensus',
  'not-a-target',
  'filtered',
  'empty',
  'unparsable',
  'disagrees',
  'below-agreement',
  'truncated',
  'unknown-length',
  'too-long',
  'uncontested',
  'not-sampled',
] as const;

/** `ended as …`: an end that is not known as good, in the provider's words; checked where `filtered` is. */
export type RejectionOutcome = KnownRejection | EndedAs;
type KnownRejection = (typeof rejectionOutcomes)[number];
type EndedAs = `ended as ${string}`;
export type SelectionOutcome = RejectionOutcome | `selected as ${ExampleSet}`;

export type OutcomeCounts = Partial<Record<KnownRejection | `selected as ${ExampleSet}`, number>> &
  Record<EndedAs, number>;

export interface AgentSelection {
  agent: string;
  /** Number of responses looked at for this agent; equals the sum of `outcomes`. */
  responses: number;
  /** Count per outcome; outcomes that did not occur are absent. */
  outcomes: OutcomeCounts;
  /** Examples in the written training set. */
  examples: number;
  /** SHA-256 (hex) of the training-set file, in the store of a run: no other file trains this agent. */
  trainingSetSha256?: string;
  /** Sum of the examples' completion tokens, as reported by the model that wrote them. */
  completionTokens: number;
  /** Examples whose tokens the endpoint did not count, which makes the sum a lower bound. Absent: none. */
  uncountedExamples?: number;
  /** Examples whose consensus was decided by a tie draw. */
  trainedOnTie: number;
}

/** `selection.json`: every response of every agent in exactly one outcome. */
export interface SelectionReport {
  iteration: number;
  method: string;
  select: 'consensus' | 'reference' | 'none';
  seed: number;
  problems: number;
  consensus: { agreed: number; tieBroken: number; none: number; failed: number };
  agents: AgentSelection[];
}
