/** Whole rounds: who answered what in the round that a role speaks in, the input of the measures. */
import type { Role } from '../../contract/measures';
import type { Transcript, Turn } from '../../contract/transcript';

/** The responses of one problem in one round; failed problems have none. */
export interface WholeRound {
  problemId: string;
  round: number;
  turns: readonly Turn[];
}

/** The round a role speaks in: the first, or the last of a debate of several. */
export function roundOf(role: Role, rounds: number): number | undefined {
  if (role === 'generation') return 1;
  return rounds > 1 ? rounds : undefined;
}

/** One wholeRound per problem whose members all answered in that round. */
export function wholeRoundsOf(transcripts: readonly Transcript[], round: number, members: number): WholeRound[] {
  return transcripts.flatMap(({ problemId, rounds, consensus }) => {
    const turns = rounds.find((each) => each.round === round)?.turns ?? [];
    const isWhole = consensus.kind !== 'failed' && turns.length === members;
    return isWhole ? [{ problemId, round, turns }] : [];
  });
}

/** The model that answered for each member, in members' order; all wholeRounds of a round have the same. */
export function modelsOf(wholeRounds: readonly WholeRound[]): string[] {
  return wholeRounds[0]?.turns.map(({ model }) => model) ?? [];
}

/** The agent that answered for each member. */
export function agentsOf(wholeRounds: readonly WholeRound[]): string[] {
  return wholeRounds[0]?.turns.map(({ agent }) => agent) ?? [];
}
