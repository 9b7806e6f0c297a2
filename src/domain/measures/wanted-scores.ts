/** Which models have to score a response for the requested measures; nothing is scored twice. */
import type { Transcript } from '../../contract/transcript';
import { orderByDraw } from '../draws';
import { modelsOf, wholeRoundsOf, roundOf, type WholeRound } from './whole-rounds';

export interface WantedScores {
  problemId: string;
  round: number;
  member: number;
  /** Names of models, each once. */
  scorers: string[];
}

export interface ScoringQuestion {
  members: number;
  rounds: number;
  /** Measures asked for: `nll`, `kl-agents`, `kl-base`. */
  measures: readonly string[];
  /** Name of the fixed scorer; the held-out likelihood then needs no agent. */
  fixedScorer: string | null;
  /** The untuned model of an agent. */
  baseOf(agent: string): string;
}

/** What the agents' own models and their bases have to score. */
export function wantedFromAgents(transcripts: readonly Transcript[], question: ScoringQuestion): WantedScores[] {
  const { members, rounds } = question;
  return [1, ...(rounds > 1 ? [rounds] : [])].flatMap((round) =>
    wholeRoundsOf(transcripts, round, members).flatMap((wholeRound) => wantedOfPanel(wholeRound, question)),
  );
}

/** What the fixed scorer has to score: the responses of the last round. */
export function wantedFromScorer(transcripts: readonly Transcript[], question: ScoringQuestion): WantedScores[] {
  const { members, rounds, fixedScorer } = question;
  if (fixedScorer === null) return [];
  return wholeRoundsOf(transcripts, rounds, members).flatMap(({ problemId, round, turns }) =>
    turns.map(({ member }) => ({ problemId, round, member, scorers: [fixedScorer] })),
  );
}

function wantedOfPanel(wholeRound: WholeRound, question: ScoringQuestion): WantedScores[] {
  const { measures, fixedScorer, rounds, baseOf } = question;
  const isLast = wholeRound.round === (roundOf('critic', rounds) ?? 1);
  const models = modelsOf([wholeRound]);
  const isOneModel = new Set(models).size === 1;
  // With fewer than three, or before there are critics, no model is held out: see `heldOutLikelihood`.
  const isHeldOut = isLast && (isOneModel || (rounds > 1 && models.length > 2));
  return wholeRound.turns
    .map(({ member, agent, model }) => {
      const others = models.filter((_, index) => index !== member - 1);
      const asksHeldOut = measures.includes('nll') && fixedScorer === null && isHeldOut;
      const scorers = [
        ...(asksHeldOut ? (isOneModel ? [model] : others) : []),
        ...(measures.includes('kl-agents') && models.length > 1 ? models : []),
        ...(measures.includes('kl-base') ? [model, baseOf(agent)] : []),
      ];
      return { problemId: wholeRound.problemId, round: wholeRound.round, member, scorers: [...new Set(scorers)] };
    })
    .filter(({ scorers }) => scorers.length > 0);
}

/**
 * The problems that models score: at most `most` of the split, drawn by seed and not by iteration, so that all iterations
 * (and runs of the same seed and problems) are measured on the same ones.
 */
export function drawMeasuredProblems(
  problemIds: readonly string[],
  { seed, most }: { seed: number; most: number },
): Set<string> {
  return new Set(orderByDraw(problemIds, (problemId) => `measures/${seed}/${problemId}`).slice(0, most));
}
