/**
 * How often a society was right, by every way of answering (method, section 4). Accuracy counts all problems of the
 * split: an answer that does not parse, a failed problem and a problem without a consensus are wrong, never left out.
 */
import type { AnswerMode, Evaluation, MemberResult, ModeResult, ProblemResult } from '../contract/evaluation';
import type { Split, Transcript, Turn, Usage } from '../contract/transcript';
import { countUsages } from './counts';
import { memberNumbers } from './identifiers';
import { vote, voteOverSamples, winningGroup, type Equality, type VoteResult } from './voting';

export interface EvaluationInput {
  runId: string;
  iteration: number;
  split: Split;
  seed: number;
  /** N, and the rounds of the evaluation debate. */
  members: number;
  rounds: number;
  /** How the society answers: `method.evaluateBy`. */
  answersBy: 'sample' | 'vote' | 'debate';
  /** k of the vote that the society answers by, with `answersBy: vote`; undefined: N. */
  ownSamples?: number;
  /** Transcripts of all problems of the split, failed ones included. */
  transcripts: readonly Transcript[];
  /** Samples 1..k of the largest vote by problem, where one was taken; the first N are the debate's own first round. */
  samples?: ReadonlyMap<string, readonly VoteSample[]>;
  /** Sizes k of the votes to show; a smaller one takes the first samples of the largest. Undefined: all samples. */
  voteSizes?: readonly number[];
  equal: Equality;
  /** Whether an answer of a problem equals its reference answer. */
  isCorrect(problemId: string, answer: string): boolean;
}

export interface VoteSample {
  answer: string | null;
  usage: Usage;
}

/** What one mode made of one problem. */
interface Outcome {
  problemId: string;
  /** `null` where nothing parsed, or the problem failed. */
  answer: string | null;
  tieBroken: boolean;
  usages: Usage[];
}

export function evaluateTranscripts(input: EvaluationInput): Evaluation {
  const { runId, iteration, split, transcripts } = input;
  const outcomes = outcomesByMode(input);
  const members = memberResults(input);
  const agreements = transcripts.map(agreementOf).filter((share) => share !== undefined);
  return {
    runId,
    iteration,
    split,
    problems: transcripts.length,
    failed: transcripts.filter(({ consensus }) => consensus.kind === 'failed').length,
    modes: [...outcomes].map(([mode, perProblem]) => modeResult(mode, perProblem, input)),
    members,
    meanFirstAccuracy: mean(members.map(({ first }) => first)) ?? 0,
    agreement: mean(agreements) ?? null,
    withoutConsensus: transcripts.filter(({ consensus }) => consensus.kind === 'none').length,
    perProblem: problemResults(outcomes, input),
  };
}

/** `society`, `sample`, `vote-N` from the debate's own first round, and `vote-k` for every k that was asked for. */
function outcomesByMode(input: EvaluationInput): Map<AnswerMode, Outcome[]> {
  const { transcripts, members } = input;
  const outcomes = new Map<AnswerMode, Outcome[]>([
    ['society', transcripts.map((transcript) => societyOutcome(transcript, input))],
    ['sample', transcripts.map(sampleOutcome)],
  ]);
  if (members > 1)
    outcomes.set(
      `vote-${members}`,
      transcripts.map((transcript) => firstRoundVote(transcript, input)),
    );
  for (const size of furtherVotes(input))
    outcomes.set(
      `vote-${size}`,
      transcripts.map((transcript) => sampledVote(transcript, size, input)),
    );
  return outcomes;
}

/** A vote of one is the sample, a vote of N the first round's; a larger one than was drawn does not exist. */
function furtherVotes({ members, samples, voteSizes }: EvaluationInput): number[] {
  const largest = Math.max(members, ...[...(samples?.values() ?? [])].map(({ length }) => length));
  return (voteSizes ?? [largest]).filter((size) => size > 1 && size !== members && size <= largest);
}

function societyOutcome(transcript: Transcript, input: EvaluationInput): Outcome {
  const { answersBy, members, ownSamples = members } = input;
  if (answersBy === 'sample') return sampleOutcome(transcript);
  if (answersBy === 'vote' && ownSamples !== members) return sampledVote(transcript, ownSamples, input);
  const { problemId, consensus, rounds } = transcript;
  const agreed = consensus.kind === 'agreed' ? consensus : undefined;
  const usages = rounds.flatMap(({ turns }) => turns.flatMap((turn) => usagesOf(turn)));
  return { problemId, answer: agreed?.answer ?? null, tieBroken: agreed?.tieBroken ?? false, usages };
}

/** The first answer of generation-1: one call. */
function sampleOutcome({ problemId, rounds }: Transcript): Outcome {
  const turn = turnOf(rounds, 1, 1);
  return { problemId, answer: turn?.answer ?? null, tieBroken: false, usages: turn ? [turn.usage] : [] };
}

function firstRoundVote({ problemId, rounds }: Transcript, input: EvaluationInput): Outcome {
  const turns = rounds.find(({ round }) => round === 1)?.turns ?? [];
  const isComplete = turns.length === input.members;
  const result = vote(isComplete ? turns : [], input.equal, tieDraw(problemId, input));
  return { ...votedOutcome(problemId, result), usages: turns.map(({ usage }) => usage) };
}

function sampledVote({ problemId, rounds }: Transcript, size: number, input: EvaluationInput): Outcome {
  const ownTurns = rounds.find(({ round }) => round === 1)?.turns ?? [];
  const drawn: readonly VoteSample[] = size < input.members ? ownTurns : (input.samples?.get(problemId) ?? []);
  const samples = drawn.slice(0, size);
  const answers = samples.length === size ? samples.map(({ answer }) => answer) : [];
  const result = voteOverSamples(answers, input.equal, tieDraw(problemId, input));
  return { ...votedOutcome(problemId, result), usages: samples.map(({ usage }) => usage) };
}

function votedOutcome(problemId: string, result: VoteResult): Omit<Outcome, 'usages'> {
  if (result.kind === 'none') return { problemId, answer: null, tieBroken: false };
  return { problemId, answer: result.answer, tieBroken: result.tieBroken };
}

function modeResult(mode: AnswerMode, outcomes: readonly Outcome[], { isCorrect }: EvaluationInput): ModeResult {
  const problems = outcomes.length;
  const correct = outcomes.filter((outcome) => isRight(outcome, isCorrect)).length;
  const accuracy = problems === 0 ? 0 : correct / problems;
  const counts = countUsages(outcomes.flatMap(({ usages }) => usages));
  return {
    mode,
    problems,
    correct,
    accuracy,
    standardError: problems === 0 ? 0 : Math.sqrt((accuracy * (1 - accuracy)) / problems),
    callsPerProblem: Math.max(0, ...outcomes.map(({ usages }) => usages.length)),
    counts,
    noAnswer: outcomes.filter(({ answer }) => answer === null).length,
    tieBroken: outcomes.filter(({ tieBroken }) => tieBroken).length,
  };
}

function problemResults(outcomes: Map<AnswerMode, Outcome[]>, input: EvaluationInput): ProblemResult[] {
  return input.transcripts.map(({ problemId }, index) => {
    const correct = [...outcomes].map(([mode, perProblem]) => [mode, isRight(perProblem[index]!, input.isCorrect)]);
    return { problemId, correct: Object.fromEntries(correct) as ProblemResult['correct'] };
  });
}

function memberResults({ members, rounds, transcripts, isCorrect }: EvaluationInput): MemberResult[] {
  const share = (round: number, member: number) => {
    const right = transcripts.filter((transcript) => {
      const answer = turnOf(transcript.rounds, round, member)?.answer ?? null;
      return answer !== null && isCorrect(transcript.problemId, answer);
    });
    return transcripts.length === 0 ? 0 : right.length / transcripts.length;
  };
  return memberNumbers(members).map((member) => ({ member, first: share(1, member), last: share(rounds, member) }));
}

/** Share of the parsed last-round answers in the winning group; `undefined` without a consensus (method, section 7). */
export function agreementOf({ consensus }: Transcript): number | undefined {
  if (consensus.kind !== 'agreed') return undefined;
  const parsed = consensus.votes.reduce((sum, { members }) => sum + members.length, 0);
  return (winningGroup(consensus)?.members.length ?? 0) / parsed;
}

function isRight({ problemId, answer }: Outcome, isCorrect: EvaluationInput['isCorrect']): boolean {
  return answer !== null && isCorrect(problemId, answer);
}

function tieDraw(problemId: string, { seed, iteration }: EvaluationInput) {
  return { seed, iteration, problemId };
}

function turnOf(rounds: Transcript['rounds'], round: number, member: number): Turn | undefined {
  return rounds.find((each) => each.round === round)?.turns.find((turn) => turn.member === member);
}

function usagesOf({ usage, summary }: Turn): Usage[] {
  return summary === undefined ? [usage] : [usage, summary.usage];
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
