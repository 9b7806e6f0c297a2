/**
 * Training sets of equal size: a seeded sample of the examples within a budget, so that methods can be compared at equal
 * training data. What is left out is counted as `not-sampled`.
 */
import { orderByDraw } from './draws';
import type { TrainingExample } from '../contract/training';

interface Sized {
  example: TrainingExample;
  /** Null if unknown, which never occurs with a budget of tokens (`unknown-length`). */
  completionTokens: number | null;
}

export interface Budget {
  /** Whose training set it is. */
  agent: string;
  seed: number;
  iteration: number;
  /** Undefined: no limit. */
  matchTrainingTokens?: number | undefined;
  matchTrajectories?: number | undefined;
}

/**
 * The candidates within the budget: in the order of their draws, up to the first that would exceed it. (Filling the rest
 * with whatever is short enough would prefer short responses.)
 */
export function withinBudget<Candidate extends Sized>(
  candidates: readonly Candidate[],
  budget: Budget,
): Set<Candidate> {
  const { matchTrainingTokens = Infinity, matchTrajectories = Infinity } = budget;
  const tokensInAll = candidates.reduce((sum, { completionTokens }) => sum + (completionTokens ?? 0), 0);
  if (tokensInAll <= matchTrainingTokens && candidates.length <= matchTrajectories) return new Set(candidates);
  const kept = new Set<Candidate>();
  let tokens = 0;
  for (const candidate of orderByDraw(candidates, (each) => drawString(each, budget))) {
    tokens += candidate.completionTokens ?? 0;
    if (tokens > matchTrainingTokens || kept.size === matchTrajectories) break;
    kept.add(candidate);
  }
  return kept;
}

function drawString({ example }: Sized, { seed, iteration, agent }: Budget): string {
  return `matching/${seed}/${iteration}/${agent}/${example.problemId}/${example.member}/${example.round}`;
}
