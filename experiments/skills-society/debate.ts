/**
 * A debate between models that are nothing but proficiencies: whoever knows is right, whoever does not guesses or follows.
 * What comes out is a transcript like any other, voted on by the program's own code.
 */
import type { DebateRound, Split, Transcript, Turn } from '../../src/contract/transcript';
import { voiceOf, type DebateRules } from '../../src/domain/debate-rules';
import { memberNumbers } from '../../src/domain/identifiers';
import { voteOnDebate } from '../../src/domain/voting';
import { rightAnswer, uniformDraws, type Problem, type Proficiency } from './skills';

export interface Answering {
  /** Different wrong answers to a problem; a guess falls on each of them, and on the right one, equally often. */
  wrongAnswers: number;
  /** How often a critic that does not know the answer recognises it where somebody gave it, 0..1. */
  recognition: number;
}

export interface DebateSetting {
  rules: DebateRules;
  answering: Answering;
  proficiencyOf: (agent: string) => Proficiency;
  seed: number;
  iteration: number;
  split: Split;
}

export function simulatedDebate(problem: Problem, setting: DebateSetting): Transcript {
  const { rules, seed, iteration, split } = setting;
  const { problemId } = problem;
  const rounds: DebateRound[] = [];
  for (const round of memberNumbers(rules.rounds)) {
    const previous = rounds.at(-1)?.turns ?? [];
    const turns = memberNumbers(rules.members).map((member) => turnOf(problem, { round, member, previous }, setting));
    rounds.push({ round, turns });
  }
  const voted = voteOnDebate(rounds, (a, b) => a === b, { seed, iteration, problemId });
  return { problemId, iteration, split, question: problemId, ...voted };
}

interface Place {
  round: number;
  member: number;
  /** Of the round before, all members'. */
  previous: readonly Turn[];
}

function turnOf(problem: Problem, place: Place, setting: DebateSetting): Turn {
  const { agent } = voiceOf(place, setting.rules);
  const answer = answerOf(problem, { ...place, agent }, setting);
  return {
    member: place.member,
    agent,
    model: agent,
    messages: [{ role: 'user', content: `${problem.problemId}, round ${place.round}` }],
    response: answer,
    answer,
    finishReason: 'stop',
    usage: { promptTokens: 1, completionTokens: 1 },
  };
}

function answerOf({ problemId, skill }: Problem, place: Place & { agent: string }, setting: DebateSetting): string {
  const { seed, iteration, split, answering, proficiencyOf } = setting;
  const { round, member, previous, agent } = place;
  const name = `skills-society/${seed}/${iteration}/${split}/${problemId}/${round}/${member}`;
  const [knowing, recognising, choosing] = uniformDraws(name);
  if (knowing < proficiencyOf(agent)[skill]) return rightAnswer;
  if (round === 1) return guess(choosing, answering);
  const given = previous.map(({ answer }) => answer ?? '');
  if (given.includes(rightAnswer) && recognising < answering.recognition) return rightAnswer;
  return followed(given, given[member - 1] ?? '', choosing);
}

function guess(draw: number, { wrongAnswers }: Answering): string {
  const value = Math.floor(draw * (wrongAnswers + 1));
  return value === 0 ? rightAnswer : `wrong-${value}`;
}

/** The answer most members gave; one's own where it is among those, else one of them by the draw. */
function followed(given: readonly string[], own: string, draw: number): string {
  const votes = new Map<string, number>();
  for (const answer of given) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const most = Math.max(...votes.values());
  const largest = [...votes.keys()].filter((answer) => votes.get(answer) === most).sort();
  return largest.includes(own) ? own : (largest[Math.floor(draw * largest.length)] ?? own);
}
