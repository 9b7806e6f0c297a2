/**
 * Which outcome a single response has before any sampling (method.md, Training sets; the order of the outcomes is a
 * contract of `selection.json`). Nothing here sees a reference answer: `select: reference` passes in finished verdicts.
 */
import type { ExampleSet, RejectionOutcome, TrainingLoss } from '../contract/training';
import type { Transcript, Turn } from '../contract/transcript';
import { endingOf } from './finish-reasons';
import { exceedsShare } from './mixing';
import { winningGroup } from './voting';

export interface SelectionSettings {
  /** The preset's name, for the report. */
  method: string;
  /** N and M of the transcripts. */
  members: number;
  rounds: number;
  weights: 'none' | 'one' | 'per-agent';
  /** Who answers the later rounds. */
  critics: 'own' | 'generation' | 'untuned';
  /** What one shared model learns. */
  sharedTargets: 'last-round' | 'every-agent';
  /** Whether hinted responses count (STaR). */
  hint: boolean;
  select: 'consensus' | 'reference' | 'none';
  /** w */
  correctedShare: number;
  mixing: 'sample-each' | 'exact-share' | 'weighted-loss';
  criticTarget: 'last-round' | 'critic-rounds' | 'all-rounds';
  /** Responses are trained on only if votes / N of the consensus exceeds this. */
  minimumAgreement: number;
  seed: number;
  iteration: number;
  /** Most tokens of prompt + completion; longer examples are counted and left out, never cut. */
  maxLength: number;
  /** Most completion tokens, and most examples, of one training set; undefined takes all. */
  matchTrainingTokens?: number | undefined;
  matchTrajectories?: number | undefined;
  /** What each role learns by; absent: `supervised`. */
  losses?: Partial<Record<'generation' | 'critic' | 'shared', TrainingLoss>> | undefined;
}

/** Whether an answer was found equal to the problem's reference answer. */
export type ReferenceVerdict = (problemId: string, answer: string) => boolean;

/** A response as one agent's selection sees it. */
export interface AgentResponse {
  round: number;
  turn: Turn;
  /** The turn whose prompt the example would carry: its own, or round 1's for the one model. */
  prompt: Turn;
  /** The turn whose answer decides: its own, or the chain's last if the whole chain is the target. */
  deciding: Turn;
  isTarget: boolean;
  /** The set it belongs to if it is not rejected; called only then. */
  set: ExampleSet;
}

/** What a problem's transcript says about all of its responses. */
export interface ProblemJudgement {
  rejection?: Extract<RejectionOutcome, 'failed' | 'no-consensus'>;
  belowAgreement: boolean;
  tieBroken: boolean;
  /** Whether the answer of a turn is the one to train on, "= ŷ". */
  isRight(turn: Turn): boolean;
}

export function judgeProblem(
  transcript: Transcript,
  settings: SelectionSettings,
  verdict: ReferenceVerdict,
): ProblemJudgement {
  const { consensus, problemId } = transcript;
  const judgement = { belowAgreement: false, tieBroken: false };
  if (consensus.kind === 'failed') return { ...judgement, rejection: 'failed', isRight: () => false };
  if (settings.select === 'none') return { ...judgement, isRight: () => true };
  if (settings.select === 'reference') {
    return { ...judgement, isRight: ({ answer }) => answer !== null && verdict(problemId, answer) };
  }
  if (consensus.kind === 'none') return { ...judgement, rejection: 'no-consensus', isRight: () => false };
  const votes = winningGroup(consensus)?.members.length ?? 0;
  return {
    belowAgreement: !exceedsShare(votes, settings.members, settings.minimumAgreement),
    tieBroken: consensus.tieBroken,
    isRight: ({ answer, agrees }) => answer !== null && agrees === true,
  };
}

/** The first reason to reject a response, or the set it may be sampled into. */
export function outcomeBeforeSampling(
  response: AgentResponse,
  judgement: ProblemJudgement,
  settings: SelectionSettings,
): RejectionOutcome | ExampleSet {
  if (judgement.rejection !== undefined) return judgement.rejection;
  if (!response.isTarget) return 'not-a-target';
  const ending = endingOf(response.turn);
  // Comes before the answer's outcomes: an abnormal end explains a missing or different answer.
  if (ending !== undefined && ending !== 'truncated') return ending as RejectionOutcome;
  if (settings.select !== 'none') {
    if (response.deciding.answer === null) return 'unparsable';
    if (!judgement.isRight(response.deciding)) return 'disagrees';
    if (judgement.belowAgreement) return 'below-agreement';
  }
  if (ending === 'truncated') return 'truncated';
  // A token budget cannot be kept with examples of unknown length.
  if (settings.matchTrainingTokens !== undefined && response.turn.usage.completionTokens === null)
    return 'unknown-length';
  if (exampleTokens(response) > settings.maxLength) return 'too-long';
  return response.set;
}

/** A lower bound if the endpoint did not count: the trainer counts again, and leaves out what is too long. */
function exampleTokens({ turn, prompt }: AgentResponse): number {
  return (prompt.usage.promptTokens ?? 0) + (turn.usage.completionTokens ?? 0);
}
