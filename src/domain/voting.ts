/**
 * The vote of one debate (method.md, One debate): answers are grouped by connected components of pairwise equality, so the
 * result does not depend on their order; the largest group wins; a tie is broken by a seeded draw and recorded.
 */
import type { Consensus, DebateRound, Turn, VoteGroup } from '../contract/transcript';
import { orderByDraw, tieString, type TieDraw } from './draws';

/** Whether two parsed answers of one problem are the same; must be symmetric and true for identical strings. */
export type Equality = (a: string, b: string) => boolean;

/** A verdict of the grading port on one pair of answers. */
export interface PairVerdict {
  a: string;
  b: string;
  equal: boolean;
}

/** An answer with the number of the member (or sample) who gave it; `null` if none parsed. */
export interface Ballot {
  member: number;
  answer: string | null;
}

export type VoteResult = Exclude<Consensus, { kind: 'failed' }>;

/**
 * The different answers of a problem over all rounds, those to hints and further ones included, in order of appearance:
 * what the grading port is asked about.
 */
export function distinctAnswers(rounds: readonly DebateRound[], further: readonly (string | null)[] = []): string[] {
  const turns = rounds.flatMap((round) => round.turns);
  const hinted = turns.flatMap((turn) => (turn.hinted === undefined ? [] : [turn.hinted.answer]));
  const answers = [...turns.map(({ answer }) => answer), ...hinted, ...further];
  return [...new Set(answers.filter((answer) => answer !== null))];
}

/** Every unordered pair of different answers. */
export function answerPairs(answers: readonly string[]): { a: string; b: string }[] {
  return answers.flatMap((a, index) => answers.slice(index + 1).map((b) => ({ a, b })));
}

/** Equality as the grading port decided it, in either direction; a pair it was not asked about is different. */
export function equalityFromVerdicts(verdicts: readonly PairVerdict[]): Equality {
  const pairKey = (a: string, b: string) => JSON.stringify([a, b]);
  const equalPairs = new Set(verdicts.filter(({ equal }) => equal).map(({ a, b }) => pairKey(a, b)));
  return (a, b) => a === b || equalPairs.has(pairKey(a, b)) || equalPairs.has(pairKey(b, a));
}

/** Votes over the ballots. Unparsable ones do not vote; with none left the result is `none`. */
export function vote(ballots: readonly Ballot[], equal: Equality, draw: TieDraw): VoteResult {
  const groups = connectedGroups(ballots, equal);
  const largest = groups.filter(({ members }) => members.length === groups[0]?.members.length);
  const [winner] = orderByDraw(largest, ({ answer }) => tieString(draw, answer));
  if (winner === undefined) return { kind: 'none' };
  return { kind: 'agreed', answer: winner.answer, votes: groups, tieBroken: largest.length > 1 };
}

/** The vote over k samples of one problem (method.md, Evaluation): the same rule, with samples numbered 1..k as voters. */
export function voteOverSamples(answers: readonly (string | null)[], equal: Equality, draw: TieDraw): VoteResult {
  return vote(
    answers.map((answer, index) => ({ member: index + 1, answer })),
    equal,
    draw,
  );
}

/**
 * Votes over the last round and marks every turn of every round with `agrees`: whether its answer equals at least one
 * answer of the winning group. Turns of a problem without a consensus agree with nothing.
 */
export function voteOnDebate(
  rounds: readonly DebateRound[],
  equal: Equality,
  draw: TieDraw,
): { rounds: DebateRound[]; consensus: VoteResult } {
  const lastTurns = rounds.at(-1)?.turns ?? [];
  const consensus = vote(lastTurns, equal, draw);
  const winning = winningAnswers(lastTurns, consensus);
  const agrees = ({ answer }: Turn) => answer !== null && winning.some((candidate) => equal(answer, candidate));
  const marked = rounds.map(({ round, turns }) => ({
    round,
    turns: turns.map((turn) => withAgreement(turn, agrees(turn))),
  }));
  return { rounds: marked, consensus };
}

/** The winning group of a consensus. */
export function winningGroup(consensus: Extract<Consensus, { kind: 'agreed' }>): VoteGroup | undefined {
  return consensus.votes.find(({ answer }) => answer === consensus.answer);
}

function winningAnswers(lastTurns: readonly Turn[], consensus: VoteResult): string[] {
  if (consensus.kind !== 'agreed') return [];
  const members = new Set(winningGroup(consensus)?.members);
  const answers = lastTurns.filter(({ member }) => members.has(member)).map(({ answer }) => answer);
  return [...new Set(answers.filter((answer) => answer !== null))];
}

/** `agrees` stands behind `answer`, as in the documented transcript line. */
function withAgreement(turn: Turn, agrees: boolean): Turn {
  const { finishReason, usage, hinted, ...before } = turn;
  return { ...before, agrees, finishReason, usage, ...(hinted === undefined ? {} : { hinted }) };
}

/**
 * Connected components of pairwise equality, largest first, then by lowest member. A group's spelling is the one of its
 * lowest-numbered member.
 */
function connectedGroups(ballots: readonly Ballot[], equal: Equality): VoteGroup[] {
  const unplaced = ballots
    .flatMap(({ member, answer }) => (answer === null ? [] : [{ member, answer }]))
    .sort((left, right) => left.member - right.member);
  const groups: VoteGroup[] = [];
  for (let first = unplaced.shift(); first !== undefined; first = unplaced.shift()) {
    const group = [first];
    // The group grows while it is walked: every newcomer is compared with all who are still unplaced.
    for (const placed of group) {
      for (let index = unplaced.length - 1; index >= 0; index -= 1) {
        const candidate = unplaced[index]!;
        if (equal(placed.answer, candidate.answer)) group.push(...unplaced.splice(index, 1));
      }
    }
    groups.push({ answer: first.answer, members: group.map(({ member }) => member).sort((a, b) => a - b) });
  }
  return groups.sort((left, right) => right.members.length - left.members.length);
}
