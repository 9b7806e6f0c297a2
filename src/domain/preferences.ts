/**
 * What a preference is made of (method.md, Methods): a response that agrees with the vote, and one that does not, as
 * good in every other respect. A pair answers the same messages, byte for byte.
 */
import type { TrainingLoss } from '../contract/training';
import type { Turn } from '../contract/transcript';
import { orderByDraw } from './draws';
import {
  outcomeBeforeSampling,
  type AgentResponse,
  type ProblemJudgement,
  type SelectionSettings,
} from './eligibility';
import { roleOf } from './role-settings';

/** What the training of this agent, or of the one model (`shared`), minimises. */
export function lossOf({ losses }: Pick<SelectionSettings, 'losses'>, agent: string): TrainingLoss {
  return losses?.[roleOf(agent)] ?? 'supervised';
}

/** Whether the response would be trained on if only the vote had gone the other way: readable, whole, not too long. */
export function isDissent(response: AgentResponse, judgement: ProblemJudgement, settings: SelectionSettings): boolean {
  const isRight = (turn: Turn) => turn.answer !== null && !judgement.isRight(turn);
  return outcomeBeforeSampling(response, { ...judgement, isRight }, settings) === response.set;
}

export interface PairDraw {
  seed: number;
  iteration: number;
  /** Whose training set the pair goes to. */
  agent: string;
  problemId: string;
}

/** The dissenting response that is paired with a chosen one; undefined if no other response has the same messages. */
export function counterpartOf(
  chosen: AgentResponse,
  dissent: readonly AgentResponse[],
  { seed, iteration, agent, problemId }: PairDraw,
): AgentResponse | undefined {
  const asked = JSON.stringify(chosen.prompt.messages);
  const answersTheSame = ({ round, prompt }: AgentResponse) =>
    round === chosen.round && JSON.stringify(prompt.messages) === asked;
  const drawn = `pair/${seed}/${iteration}/${agent}/${problemId}/${chosen.turn.member}`;
  return orderByDraw(dissent.filter(answersTheSame), ({ turn }) => `${drawn}/${turn.member}`)[0];
}
