/** What each critic makes of its member's answer, from the first round to the last (measures.md). */
import type { CriticEffect } from '../../contract/measures';
import type { Turn } from '../../contract/transcript';
import { wholeRoundsOf } from './whole-rounds';
import type { SpecialisationInput } from './specialisation';

/** One entry per member; failed problems are left out, as they have no second answers. */
export function criticEffects(
  input: Pick<SpecialisationInput, 'transcripts' | 'members' | 'rounds' | 'isCorrect'>,
): CriticEffect[] {
  const { transcripts, members, rounds, isCorrect } = input;
  const firstByProblem = new Map(
    wholeRoundsOf(transcripts, 1, members).map((wholeRound) => [wholeRound.problemId, wholeRound]),
  );
  const effects = new Map<number, CriticEffect>();
  for (const { problemId, turns } of wholeRoundsOf(transcripts, rounds, members)) {
    const isRight = (turn: Turn | undefined) =>
      turn !== undefined && turn.answer !== null && isCorrect(problemId, turn.answer);
    for (const turn of turns) {
      const before = firstByProblem.get(problemId)?.turns.find(({ member }) => member === turn.member);
      const effect = effects.get(turn.member) ?? noEffect(turn.agent);
      effects.set(turn.member, counted(effect, isRight(before), isRight(turn)));
    }
  }
  return [...effects].sort(([left], [right]) => left - right).map(([, effect]) => effect);
}

function noEffect(critic: string): CriticEffect {
  return { critic, problems: 0, wrongToRight: 0, rightToWrong: 0, stayedRight: 0, stayedWrong: 0 };
}

function counted(effect: CriticEffect, before: boolean, after: boolean): CriticEffect {
  const outcome = after ? (before ? 'stayedRight' : 'wrongToRight') : before ? 'rightToWrong' : 'stayedWrong';
  return { ...effect, problems: effect.problems + 1, [outcome]: effect[outcome] + 1 };
}
