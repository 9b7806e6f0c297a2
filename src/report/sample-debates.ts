/** Which debates the report shows: a few, chosen by a seeded draw within each kind of outcome worth reading. */
import type { ProblemResult } from '../contract/evaluation';
import type { Transcript, Turn } from '../contract/transcript';
import { orderByDraw } from '../domain/draws';
import type { IterationArtifacts } from './report-input';

export interface SampleDebate<Debate = Transcript> {
  /** Why this one is shown, in a few words. */
  reason: string;
  transcript: Debate;
  /** Whether the society's answer was right; `null` if it was not compared with a reference answer. */
  correct: boolean | null;
  /** The data set's answer, if the report was given it. */
  reference: string | null;
}

/** What a debate is chosen by: all but its texts. */
export type DebateOutline = Pick<Transcript, 'problemId' | 'iteration' | 'split' | 'consensus'> & {
  rounds: { turns: Pick<Turn, 'member' | 'agrees'>[] }[];
};

export function outlineOf({ problemId, iteration, split, consensus, rounds }: DebateOutline): DebateOutline {
  const agreements = rounds.map(({ turns }) => ({ turns: turns.map(({ member, agrees }) => ({ member, agrees })) }));
  return { problemId, iteration, split, consensus, rounds: agreements };
}

interface Candidate<Debate extends DebateOutline = DebateOutline> {
  transcript: Debate;
  correct: boolean | null;
}

/** The kind of debate that shows most about the method in the fewest lines. */
export const correctedItself = 'a member corrected itself';

const kinds: { reason: string; holds: (candidate: Candidate) => boolean }[] = [
  { reason: correctedItself, holds: ({ transcript }) => memberChanged(transcript, { towards: true }) },
  { reason: 'the members disagreed to the end', holds: ({ transcript }) => groupsOf(transcript) > 1 },
  { reason: 'a tie was broken by the seeded draw', holds: ({ transcript }) => tieBroken(transcript) },
  {
    reason: 'a member was led away from the consensus',
    holds: ({ transcript }) => memberChanged(transcript, { towards: false }),
  },
  {
    reason: 'the consensus was wrong',
    holds: ({ transcript, correct }) => correct === false && groupsOf(transcript) > 0,
  },
  {
    reason: 'no answer could be parsed, so there was no consensus',
    holds: ({ transcript }) => transcript.consensus.kind === 'none',
  },
  { reason: 'the problem failed after all retries', holds: ({ transcript }) => transcript.consensus.kind === 'failed' },
  { reason: 'all agreed from the first round', holds: ({ transcript }) => unanimous(transcript) },
];

/**
 * One debate per kind, of the latest evaluation that has one, then of earlier ones, then of training problems; preceded
 * by one problem that finetuning gained and one that it lost, each before and after.
 */
export function chooseSampleDebates<Debate extends DebateOutline>(input: {
  transcripts: Debate[];
  iterations: IterationArtifacts[];
  references: Record<string, string>;
  seed: number;
}): SampleDebate<Debate>[] {
  const drawn = orderByDraw(input.transcripts, ({ problemId }) => `sample/${input.seed}/${problemId}`);
  const candidates = drawn.map((transcript) => ({ transcript, correct: correctnessOf(transcript, input.iterations) }));
  const ordered = candidates.sort((left, right) => preference(left.transcript) - preference(right.transcript));
  const chosen = [...beforeAndAfter(ordered, { gained: true }), ...beforeAndAfter(ordered, { gained: false })];
  for (const { reason, holds } of kinds) {
    const taken = new Set(chosen.map(({ transcript }) => transcript.problemId));
    const found = ordered.find((candidate) => !taken.has(candidate.transcript.problemId) && holds(candidate));
    if (found !== undefined) chosen.push({ reason, ...found });
  }
  return chosen.map((candidate) => ({ ...candidate, reference: referenceOf(candidate.transcript, input.references) }));
}

/** A problem whose answer finetuning changed from wrong to right (or the reverse), as both societies debated it. */
function beforeAndAfter<Debate extends DebateOutline>(
  ordered: Candidate<Debate>[],
  { gained }: { gained: boolean },
): (Candidate<Debate> & { reason: string })[] {
  const untuned = new Map(
    ordered
      .filter(({ transcript }) => transcript.iteration === 0 && transcript.split !== 'train')
      .map((candidate) => [candidate.transcript.problemId, candidate]),
  );
  const after = ordered.find(
    ({ transcript, correct }) =>
      transcript.iteration > 0 && correct === gained && untuned.get(transcript.problemId)?.correct === !gained,
  );
  const before = after && untuned.get(after.transcript.problemId);
  if (after === undefined || before === undefined) return [];
  const words = gained ? 'gained by finetuning' : 'lost by finetuning';
  return [
    { reason: `${words}: before`, ...before },
    { reason: `${words}: after`, ...after },
  ];
}

/** Evaluations before training debates, later iterations before earlier ones. */
function preference({ split, iteration }: DebateOutline): number {
  return (split === 'train' ? 1e6 : 0) - iteration;
}

/** Null for training debates: only evaluation problems are compared with reference answers here. */
function correctnessOf(transcript: DebateOutline, iterations: IterationArtifacts[]): boolean | null {
  const { evaluation } = iterations.find(({ iteration }) => iteration === transcript.iteration) ?? {};
  if (evaluation === undefined || evaluation.split !== transcript.split) return null;
  const result = evaluation.perProblem.find(({ problemId }: ProblemResult) => problemId === transcript.problemId);
  return result?.correct.society ?? null;
}

function referenceOf({ split, problemId }: DebateOutline, references: Record<string, string>): string | null {
  return split === 'train' || !Object.hasOwn(references, problemId) ? null : (references[problemId] ?? null);
}

function groupsOf({ consensus }: DebateOutline): number {
  return consensus.kind === 'agreed' ? consensus.votes.length : 0;
}

function tieBroken({ consensus }: DebateOutline): boolean {
  return consensus.kind === 'agreed' && consensus.tieBroken;
}

function memberChanged({ rounds }: DebateOutline, { towards }: { towards: boolean }): boolean {
  const first = rounds[0];
  const last = rounds.at(-1);
  if (first === undefined || last === undefined || first === last) return false;
  return first.turns.some(({ member, agrees }) => {
    const lastTurn = last.turns.find((turn) => turn.member === member);
    return agrees === !towards && lastTurn?.agrees === towards;
  });
}

function unanimous({ rounds, consensus }: DebateOutline): boolean {
  return consensus.kind === 'agreed' && rounds.every(({ turns }) => turns.every(({ agrees }) => agrees === true));
}
