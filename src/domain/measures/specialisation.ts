/** Who is right where: each agent's own accuracy by problem type, beside what any of them and all together answer. */
import type { AccuracyByType } from '../../contract/measures';
import type { Transcript } from '../../contract/transcript';
import { memberNumbers } from '../identifiers';

/** The row of all problems. */
const allTypes = 'all';

export interface SpecialisationInput {
  transcripts: readonly Transcript[];
  members: number;
  rounds: number;
  /** Subject or the like; `undefined` if the data set names none. */
  typeOf(problemId: string): string | undefined;
  /** How hard, 1 being easy; `undefined` if the data set does not say. */
  levelOf?(problemId: string): number | undefined;
  isCorrect(problemId: string, answer: string): boolean;
  /** Whether the society's own answer was right, by its own way of answering. */
  societyRight(problemId: string): boolean;
}

/** One row for all problems, and one per type if there are several; answers missing from a failed problem are wrong. */
export function specialisation(input: SpecialisationInput): AccuracyByType[] {
  const byType = groupRows(input, (problemId) => input.typeOf(problemId) ?? 'no type');
  return [rowOf(allTypes, input.transcripts, input), ...byType];
}

/** One row per level, ascending, if there are several. */
export function accuracyByLevel(input: SpecialisationInput): AccuracyByType[] {
  return groupRows(input, (problemId) => {
    const level = input.levelOf?.(problemId);
    return level === undefined ? 'no level' : `level ${level}`;
  });
}

/** Empty if all problems are in one group. */
function groupRows(input: SpecialisationInput, groupOf: (problemId: string) => string): AccuracyByType[] {
  const groups = new Map<string, Transcript[]>();
  for (const transcript of input.transcripts) {
    const group = groupOf(transcript.problemId);
    groups.set(group, [...(groups.get(group) ?? []), transcript]);
  }
  if (groups.size < 2) return [];
  const names = [...groups.keys()].sort((left, right) => (left < right ? -1 : 1));
  return names.map((name) => rowOf(name, groups.get(name) ?? [], input));
}

function rowOf(type: string, transcripts: readonly Transcript[], input: SpecialisationInput): AccuracyByType {
  const right = (round: number) => transcripts.map((transcript) => membersRight(transcript, round, input));
  const [first, last] = [right(1), right(input.rounds)];
  const of = (results: Set<number>[], member: number) => results.filter((members) => members.has(member)).length;
  return {
    type,
    problems: transcripts.length,
    members: memberNumbers(input.members).map((member) => ({
      member,
      firstRight: of(first, member),
      lastRight: of(last, member),
    })),
    anyFirstRight: first.filter(({ size }) => size > 0).length,
    anyLastRight: last.filter(({ size }) => size > 0).length,
    societyRight: transcripts.filter(({ problemId }) => input.societyRight(problemId)).length,
  };
}

/** Numbers of the members whose answer in that round was right. */
function membersRight({ problemId, rounds }: Transcript, round: number, input: SpecialisationInput): Set<number> {
  const turns = rounds.find((each) => each.round === round)?.turns ?? [];
  return new Set(
    turns.filter(({ answer }) => answer !== null && input.isCorrect(problemId, answer)).map(({ member }) => member),
  );
}
