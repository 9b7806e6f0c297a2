/** The problems and debates of the report's fixture: made up, deterministic, and every kind of outcome among them. */
import type { Consensus, DebateRound, Transcript, Turn } from '../../src/contract/transcript';
import { drawKey } from '../../src/domain/draws';

export interface FixtureShape {
  members?: number;
  rounds?: number;
  iterations?: number;
  /** Iterations that have been evaluated by now, iteration 0 included; -1 for none. */
  evaluatedUpTo?: number;
  problems?: number;
  /** Agents whose training set is empty in every iteration. */
  emptyAgents?: string[];
  failedProblems?: number;
  method?: Record<string, unknown>;
  name?: string;
}

export type Shape = Required<Omit<FixtureShape, 'method' | 'name'>> & Pick<FixtureShape, 'method' | 'name'>;

const known = new Map<string, number>();

/** A uniform number in 0..1 that depends on nothing but its name. Remembered: fixtures ask for the same ones again. */
export function uniform(name: string): number {
  const drawn = known.get(name) ?? Number.parseInt(drawKey(name).slice(0, 12), 16) / 16 ** 12;
  known.set(name, drawn);
  return drawn;
}

export function problemId(index: number): string {
  return `arithmetic-${String(index).padStart(6, '0')}`;
}

function operands(index: number): number[] {
  return Array.from({ length: 6 }, (_, position) => Math.floor(10 * uniform(`operand/${index}/${position}`)));
}

export function question(index: number): string {
  const [a, b, c, d, e, f] = operands(index);
  return `${a}+${b}*${c}+${d}-${e}*${f}=?`;
}

export function reference(index: number): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = operands(index);
  return String(a + b * c + d - e * f);
}

/** One debate on the problem `index`; the outcome varies with it, so that every kind of sample occurs. */
export function transcript(input: {
  index: number;
  iteration: number;
  split: 'eval' | 'train';
  shape: Shape;
}): Transcript {
  const { index, iteration, split, shape } = input;
  const base = { problemId: problemId(index), iteration, split, question: question(index) };
  if (index === 7)
    return { ...base, rounds: [], consensus: { kind: 'failed', reason: 'endpoint answered 503 five times' } };
  const rounds = Array.from({ length: shape.rounds }, (_, round) => debateRound({ ...input, round: round + 1 }));
  if (index === 11) return { ...base, rounds: withoutAnswers(rounds), consensus: { kind: 'none' } };
  const consensus = vote(rounds);
  const winners = consensus.kind === 'agreed' ? consensus.answer : null;
  const marked = rounds.map((round) => ({
    ...round,
    turns: round.turns.map((turn) => ({ ...turn, agrees: turn.answer === winners })),
  }));
  return { ...base, rounds: marked, consensus };
}

export function answeredRight({ problemId: id, consensus }: Transcript): boolean {
  return consensus.kind === 'agreed' && consensus.answer === reference(Number(id.split('-')[1]));
}

function debateRound(input: { index: number; iteration: number; round: number; shape: Shape }): DebateRound {
  const turns = Array.from({ length: input.shape.members }, (_, index) => turnOf({ ...input, member: index + 1 }));
  return { round: input.round, turns };
}

function turnOf(input: { index: number; iteration: number; round: number; member: number; shape: Shape }): Turn {
  const { index, iteration, round, member } = input;
  const slip = uniform(`slip/${index}/${iteration}/${round}/${member}`) < (round === 1 ? 0.4 : 0.25);
  const value =
    Number(reference(index)) + (slip ? 1 + Math.floor(3 * uniform(`wrong/${index}/${member}/${round}`)) : 0);
  const asked = {
    role: 'user' as const,
    content: round === 1 ? question(index) : `Others: ${value}, ${value + 1}. ${question(index)}`,
  };
  const summary = {
    messages: [{ role: 'user' as const, content: 'List:\n#4\n#5' }],
    response: '4, 5',
    usage: { promptTokens: 90, completionTokens: 6 },
  };
  return {
    member,
    agent: `${round === 1 ? 'generation' : 'critic'}-${member}`,
    model: iteration === 0 ? 'models/tiny-arithmetic' : `demo-7f3a21.i${iteration}.generation-${member}.0a1b2c3d`,
    ...(round > 1 && input.shape.members > 1 && { summary }),
    messages: [asked],
    response: `2*7=14 4*9=36 3+14=17 17+5=22 22-36=${value} #${value}`,
    answer: String(value),
    finishReason: 'stop',
    usage: { promptTokens: 17, completionTokens: 42 },
  };
}

function vote(rounds: DebateRound[]): Consensus {
  const groups = new Map<string, number[]>();
  for (const { member, answer } of rounds.at(-1)?.turns ?? []) {
    if (answer !== null) groups.set(answer, [...(groups.get(answer) ?? []), member]);
  }
  const votes = [...groups]
    .map(([answer, members]) => ({ answer, members }))
    .sort((a, b) => b.members.length - a.members.length);
  const [winner, second] = votes;
  if (winner === undefined) return { kind: 'none' };
  return { kind: 'agreed', answer: winner.answer, votes, tieBroken: second?.members.length === winner.members.length };
}

function withoutAnswers(rounds: DebateRound[]): DebateRound[] {
  return rounds.map((round) => ({
    ...round,
    turns: round.turns.map((turn) => ({
      ...turn,
      response: '2*7=14 4*9=',
      answer: null,
      agrees: false,
      finishReason: 'length' as const,
    })),
  }));
}
