/** Reads transcript files line by line, checks them, and works out what they leave open: answers, votes, `agrees`. */
import type { MethodSettings } from '../../contract/specification';
import type { DebateRound, Split, Transcript } from '../../contract/transcript';
import { saidIn } from '../../domain/answers';
import { voiceOf, type DebateRules } from '../../domain/debate-rules';
import { answerPairs, distinctAnswers, equalityFromVerdicts, voteOnDebate } from '../../domain/voting';
import { DatasetError } from '../../errors';
import type { Grader } from '../../ports';
import type { AnswerReader } from '../../tasks';
import { fileLines, parseLine } from '../../tasks/json-lines';
import { transcriptLineSchema, type TranscriptLine } from './transcript-schema';

export interface ReadOptions {
  files: readonly string[];
  reader: AnswerReader;
  /** Grades debates that were not voted on. */
  grader: Grader;
  thinking: MethodSettings['thinking'];
  seed: number;
  /** Overrides the iteration in the lines; without either it is 1. */
  iteration: number | undefined;
}

/** N and M of a debate. */
export interface DebateSize {
  members: number;
  rounds: number;
}

export interface PlacedTranscript {
  transcript: Transcript;
  file: string;
  line: number;
}

/** Debates whose answers are graded together: enough to keep the graders busy, few enough to hold in memory. */
const gradedTogether = 256;

/** Voted transcripts in file order. A problem that occurs twice is refused: its responses would be trained on twice. */
export async function* readTranscripts(options: ReadOptions): AsyncGenerator<PlacedTranscript> {
  let batch: PlacedTranscript[] = [];
  for await (const placed of parsedTranscripts(options)) {
    batch.push(placed);
    if (batch.length < gradedTogether) continue;
    yield* await voted(batch, options);
    batch = [];
  }
  yield* await voted(batch, options);
}

/** Votes on those that need it, with the verdicts of one request for all. */
async function voted(batch: PlacedTranscript[], { grader, seed }: ReadOptions): Promise<PlacedTranscript[]> {
  const open = batch.filter(({ transcript }) => !isVoted(transcript));
  const pairs = open.flatMap(({ transcript }) => answerPairs(distinctAnswers(transcript.rounds)));
  const verdicts = pairs.length === 0 ? [] : await grader.grade(pairs);
  const equal = equalityFromVerdicts(pairs.map((pair, index) => ({ ...pair, equal: verdicts[index]?.equal === true })));
  return batch.map((placed) => {
    const { transcript } = placed;
    if (isVoted(transcript)) return placed;
    const { iteration, problemId, rounds } = transcript;
    return { ...placed, transcript: { ...transcript, ...voteOnDebate(rounds, equal, { seed, iteration, problemId }) } };
  });
}

async function* parsedTranscripts(options: ReadOptions): AsyncGenerator<PlacedTranscript> {
  const places = new Map<string, string>();
  const same: Iterations = { given: options.iteration, found: undefined };
  for (const file of options.files) {
    for await (const line of fileLines(file)) {
      if (line.text.trim() === '') continue;
      const parsed = parseLine(transcriptLineSchema, file, line);
      const problem = lineProblem(parsed, places.get(parsed.problemId), same);
      if (problem !== undefined) throw new DatasetError(problem, file, line.number);
      places.set(parsed.problemId, `${file}:${line.number}`);
      const transcript = await completed(parsed, { ...options, iteration: same.found });
      yield { transcript, file, line: line.number };
    }
  }
}

/** The iteration asked for, and the one that the first line was taken for: all others must share it. */
interface Iterations {
  given: number | undefined;
  found: number | undefined;
}

/** What the schema cannot say. */
function lineProblem(line: TranscriptLine, earlier: string | undefined, same: Iterations): string | undefined {
  if (earlier !== undefined) return `problem ${JSON.stringify(line.problemId)} was in ${earlier} already`;
  if (line.split !== 'train') {
    return `split is ${JSON.stringify(line.split)}: only transcripts of training problems may be trained on`;
  }
  const iteration = same.given ?? line.iteration ?? 1;
  same.found ??= iteration;
  if (iteration !== same.found)
    return `iteration is ${iteration}, of the lines before ${same.found}; select them apart`;
  return orderProblem(line);
}

function orderProblem({ rounds, consensus }: TranscriptLine): string | undefined {
  const misnumbered = rounds.findIndex(({ round }, index) => round !== index + 1);
  if (misnumbered >= 0) return `rounds.${misnumbered}: round must be ${misnumbered + 1}, rounds are numbered in order`;
  for (const { round, turns } of rounds) {
    const members = turns.map(({ member }) => member);
    if (members.some((member, index) => index > 0 && member <= members[index - 1]!)) {
      return `round ${round}: turns must be sorted by member, one each`;
    }
    const mismatched = turns.find(({ member, agent }) => !agent.endsWith(`-${member}`));
    if (mismatched) return `round ${round}: ${mismatched.agent} cannot be member ${mismatched.member}`;
  }
  if (consensus?.kind !== 'agreed' || consensus.votes.some(({ answer }) => answer === consensus.answer))
    return undefined;
  return `consensus.answer ${JSON.stringify(consensus.answer)} is not among the votes`;
}

/** What a debate that was not voted on has until it is. */
const notVoted = { kind: 'none' } as const;

function isVoted({ consensus, rounds }: Transcript): boolean {
  if (consensus.kind === 'failed') return true;
  return consensus !== notVoted && rounds.every(({ turns }) => turns.every(({ agrees }) => agrees !== undefined));
}

async function completed(line: TranscriptLine, options: ReadOptions): Promise<Transcript> {
  const rounds: DebateRound[] = await Promise.all(
    line.rounds.map(async ({ round, turns }) => ({
      round,
      turns: await Promise.all(
        turns.map(async ({ hinted, ...turn }) => ({
          ...(await answered(turn, options)),
          ...(hinted === undefined ? {} : { hinted: await answered(hinted, options) }),
        })),
      ),
    })),
  );
  const { problemId, question, consensus = notVoted } = line;
  return { problemId, iteration: options.iteration ?? 1, split: line.split as Split, question, rounds, consensus };
}

/** Adds the response and its answer; a recorded `null` is kept: it is known not to parse. */
async function answered<T extends { answer?: string | null; response: string }>(
  turn: T,
  { reader, thinking }: ReadOptions,
) {
  const response = saidIn(turn.response, thinking);
  return { ...turn, response, answer: turn.answer === undefined ? await reader.parse(response) : turn.answer };
}

/** N and M of one transcript, as far as it got. */
export function sizeOf({ rounds }: Transcript): DebateSize {
  return {
    members: Math.max(0, ...rounds.flatMap(({ turns }) => turns.map(({ member }) => member))),
    rounds: rounds.length,
  };
}

/** Throws `DatasetError` if a debate that did not fail differs in size from the rest, or lacks a turn. */
export function refuseOtherSize({ transcript, file, line }: PlacedTranscript, size: DebateSize): void {
  if (transcript.consensus.kind === 'failed') return;
  const { rounds } = transcript;
  const isComplete = rounds.length === size.rounds && rounds.every(({ turns }) => turns.length === size.members);
  if (isComplete) return;
  const found = `${rounds.length} rounds of ${rounds.map(({ turns }) => turns.length).join(', ')} turns`;
  throw new DatasetError(`the debate has ${found}; the others have ${size.rounds} of ${size.members}`, file, line);
}

/** Throws `DatasetError` if the transcript contains agents that the method does not define: they would not be trained. */
export function refuseOtherVoices({ transcript, file, line }: PlacedTranscript, rules: DebateRules): void {
  for (const { round, turns } of transcript.rounds) {
    for (const { member, agent } of turns) {
      const expected = voiceOf({ member, round }, rules).agent;
      if (agent === expected) continue;
      const why = `round ${round}: ${agent} spoke for member ${member}, but with method.critics "${rules.critics}" it is ${expected}`;
      throw new DatasetError(why, file, line);
    }
  }
}
