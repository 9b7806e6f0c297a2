/**
 * A few evaluation problems followed agent by agent through all iterations: chosen by how their answers changed, by
 * seeded draws within each kind rather than by hand.
 */
import type { Consensus, Transcript, Turn } from '../contract/transcript';
import { orderByDraw } from '../domain/draws';
import { shortened } from '../visible-text';
import type { IterationArtifacts } from './report-input';

/** One debate on a followed problem, with what the grading port said of its answers. */
export interface JudgedDebate {
  transcript: Transcript;
  /** Those of its answers that equal the reference answer; `null` if there is none to compare with. */
  rightAnswers: string[] | null;
}

export interface FollowedAnswer {
  member: number;
  agent: string;
  answer: string | null;
  /** `null` without a reference answer. */
  right: boolean | null;
  /** Whether it equals the consensus; absent if there was no vote. */
  agrees?: boolean;
  response: string;
  /** Characters of the response that are left out. */
  omitted: number;
}

export interface FollowedDebate {
  iteration: number;
  /** One list of answers per round, in their order; empty if the problem failed. */
  rounds: FollowedAnswer[][];
  /** The society's own answer if that is the debate's consensus, and whether its own way of answering was right. */
  consensus: Consensus['kind'];
  answer: string | null;
  right: boolean | null;
}

export interface FollowedProblem {
  problemId: string;
  /** Why this one, in a few words. */
  reason: string;
  question: string;
  type: string | null;
  reference: string | null;
  /** Iterations ascending; those whose debate could not be read are missing. */
  debates: FollowedDebate[];
}

interface Path {
  problemId: string;
  right: boolean[];
}

const kinds: { reason: string; holds: (right: boolean[]) => boolean }[] = [
  { reason: 'won: wrong at first, right at last', holds: (right) => right[0] === false && right.at(-1) === true },
  { reason: 'lost: right at first, wrong at last', holds: (right) => right[0] === true && right.at(-1) === false },
  { reason: 'always wrong', holds: (right) => !right.includes(true) },
  { reason: 'back and forth', holds: (right) => flipsOf(right) > 1 },
  { reason: 'always right', holds: (right) => !right.includes(false) },
];

/** Most turns over all iterations, rounds and members of all followed problems: what a page can bear. */
const mostTurns = 600;
const mostProblems = 8;
const mostCharacters = 1500;

/**
 * Problem ids and reasons: one of each kind, then more of those that are not always right. Empty before a second
 * evaluation.
 * @param members N, and @param rounds M of an evaluation debate: the more turns each has, the fewer problems are
 * followed.
 */
export function chooseFollowedProblems(
  iterations: readonly IterationArtifacts[],
  { seed, members, rounds }: { seed: number; members: number; rounds: number },
): { problemId: string; reason: string }[] {
  const paths = orderByDraw(societyPaths(iterations), ({ problemId }) => `followed/${seed}/${problemId}`);
  const length = paths[0]?.right.length ?? 0;
  if (length < 2) return [];
  const most = Math.max(1, Math.min(mostProblems, Math.floor(mostTurns / (length * members * rounds))));
  const queues = kinds.map(({ reason, holds }) =>
    paths.filter(({ right }) => holds(right)).map(({ problemId }) => ({ problemId, reason })),
  );
  const chosen = new Map<string, string>();
  for (const turn of [0, 1, 2]) {
    for (const [index, queue] of queues.entries()) {
      if (turn > 0 && index === queues.length - 1) continue;
      const next = queue.find(({ problemId }) => !chosen.has(problemId));
      if (next !== undefined && chosen.size < most) chosen.set(next.problemId, next.reason);
    }
  }
  return [...chosen].map(([problemId, reason]) => ({ problemId, reason }));
}

/** Whether the society was right on each problem that every evaluation has, per iteration ascending. */
function societyPaths(iterations: readonly IterationArtifacts[]): Path[] {
  const results = [...iterations]
    .sort((left, right) => left.iteration - right.iteration)
    .flatMap(({ evaluation }) => (evaluation === undefined ? [] : [evaluation]))
    .map(
      ({ perProblem }) => new Map(perProblem.map(({ problemId, correct }) => [problemId, correct.society === true])),
    );
  const [first = new Map<string, boolean>()] = results;
  return [...first.keys()]
    .filter((problemId) => results.every((each) => each.has(problemId)))
    .map((problemId) => ({ problemId, right: results.map((each) => each.get(problemId) === true) }));
}

function flipsOf(right: boolean[]): number {
  return right.filter((value, index) => index > 0 && value !== right[index - 1]).length;
}

/** The followed problems as the page shows them; those without a debate are left out. */
export function followProblems(input: {
  chosen: readonly { problemId: string; reason: string }[];
  debates: readonly JudgedDebate[];
  iterations: readonly IterationArtifacts[];
  types: Record<string, string>;
  references: Record<string, string>;
}): FollowedProblem[] {
  const { chosen, debates, iterations, types, references } = input;
  return chosen.flatMap(({ problemId, reason }) => {
    const own = debates
      .filter(({ transcript }) => transcript.problemId === problemId)
      .sort((left, right) => left.transcript.iteration - right.transcript.iteration);
    const [first] = own;
    if (first === undefined) return [];
    const known = (texts: Record<string, string>) =>
      Object.hasOwn(texts, problemId) ? (texts[problemId] ?? null) : null;
    return [
      {
        ...{ problemId, reason, question: first.transcript.question, type: known(types), reference: known(references) },
        debates: own.map((debate) => followedDebate(debate, iterations)),
      },
    ];
  });
}

function followedDebate(
  { transcript, rightAnswers }: JudgedDebate,
  iterations: readonly IterationArtifacts[],
): FollowedDebate {
  const { problemId, iteration, rounds, consensus } = transcript;
  const { evaluation } = iterations.find((each) => each.iteration === iteration) ?? {};
  const result = evaluation?.perProblem.find((each) => each.problemId === problemId);
  return {
    iteration,
    rounds: rounds.map(({ turns }) => turns.map((turn) => followedAnswer(turn, rightAnswers))),
    consensus: consensus.kind,
    answer: consensus.kind === 'agreed' ? consensus.answer : null,
    right: result?.correct.society ?? null,
  };
}

function followedAnswer(
  { member, agent, answer, agrees, response }: Turn,
  rightAnswers: string[] | null,
): FollowedAnswer {
  const { text, omitted } = shortened(response, mostCharacters);
  const right = rightAnswers === null ? null : answer !== null && rightAnswers.includes(answer);
  return { member, agent, answer, right, ...(agrees !== undefined && { agrees }), response: text, omitted };
}
