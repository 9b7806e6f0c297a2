/**
 * How often a society was right, by every way of answering (method.md, Evaluation). Accuracy counts all problems of the
 * split: an answer that does not parse, a failed problem and a problem without a consensus are wrong, never left out.
 */
import { equalTokens } from '../contract/evaluation';
import type { AnswerMode, Evaluation, MemberResult, ModeResult, ProblemResult } from '../contract/evaluation';
import type { Split, Transcript, Turn, Usage } from '../contract/transcript';
import { countUsages, usagesOf } from './counts';
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
  /** Answers drawn beside the debate, by problem id. */
  beside?: ReadonlyMap<string, BesideDebate>;
  /** Temperatures of the single calls to show; one that some debated problem lacks is left out. */
  temperatures?: readonly number[];
  /** Sizes k of the votes to show; a smaller one takes the first samples of the largest. Undefined: all samples. */
  voteSizes?: readonly number[];
  equal: Equality;
  /** Whether an answer of a problem equals its reference answer. */
  isCorrect(problemId: string, answer: string): boolean;
}

/** Answers to one problem beside its debate. */
export interface BesideDebate {
  /** Samples 1..k of the largest vote; the first N are the debate's own first round. */
  samples: readonly VoteSample[];
  /** k of the vote at equal tokens; absent if none is taken. */
  atEqualTokens?: number;
  single?: readonly (VoteSample & { temperature: number })[];
}

export interface VoteSample {
  answer: string | null;
  usage: Usage;
}

/** The result of one mode on one problem. */
interface Outcome {
  problemId: string;
  /** `null` if nothing parsed or the problem failed. */
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

/** `society`, `sample`, `vote-N` from the debate's own first round, and the answers drawn beside the debates. */
function outcomesByMode(input: EvaluationInput): Map<AnswerMode, Outcome[]> {
  const { transcripts, members } = input;
  const ofAll = (mode: AnswerMode, outcomeOf: (transcript: Transcript) => Outcome): [AnswerMode, Outcome[]] => [
    mode,
    transcripts.map(outcomeOf),
  ];
  return new Map([
    ofAll('society', (transcript) => societyOutcome(transcript, input)),
    ofAll('sample', sampleOutcome),
    ...singleCalls(input).map((temperature) =>
      ofAll(`sample-at-${temperature}`, (transcript) => singleOutcome(transcript, temperature, input)),
    ),
    ...(members > 1 ? [ofAll(`vote-${members}`, (transcript) => firstRoundVote(transcript, input))] : []),
    ...furtherVotes(input).map((size) => ofAll(`vote-${size}`, (transcript) => sampledVote(transcript, size, input))),
    ...(hasEverywhere(input, ({ atEqualTokens }) => atEqualTokens !== undefined)
      ? [ofAll(equalTokens, (transcript) => equalTokensVote(transcript, input))]
      : []),
  ]);
}

function singleCalls(input: EvaluationInput): number[] {
  return (input.temperatures ?? []).filter((temperature) =>
    hasEverywhere(input, ({ single = [] }) => single.some((each) => each.temperature === temperature)),
  );
}

/** Whether every answered problem has it: an endpoint may have refused one, or not counted its tokens. */
function hasEverywhere({ beside = new Map() }: EvaluationInput, has: (asked: BesideDebate) => boolean): boolean {
  return beside.size > 0 && [...beside.values()].every(has);
}

/** Without sizes that another mode covers (1 is `sample`, N the first round's vote) or that exceed what was drawn. */
function furtherVotes({ members, beside, voteSizes }: EvaluationInput): number[] {
  const largest = Math.max(members, ...[...(beside?.values() ?? [])].map(({ samples }) => samples.length));
  return (voteSizes ?? [largest]).filter((size) => size > 1 && size !== members && size <= largest);
}

function societyOutcome(transcript: Transcript, input: EvaluationInput): Outcome {
  const { answersBy, members, ownSamples = members } = input;
  if (answersBy === 'sample') return sampleOutcome(transcript);
  if (answersBy === 'vote' && ownSamples !== members) return sampledVote(transcript, ownSamples, input);
  const { problemId, consensus, rounds } = transcript;
  const agreed = consensus.kind === 'agreed' ? consensus : undefined;
  const usages = rounds.flatMap(({ turns }) => turns.flatMap(usagesOf));
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
  const drawn: readonly VoteSample[] = size < input.members ? ownTurns : (input.beside?.get(problemId)?.samples ?? []);
  const samples = drawn.slice(0, size);
  const answers = samples.length === size ? samples.map(({ answer }) => answer) : [];
  const result = voteOverSamples(answers, input.equal, tieDraw(problemId, input));
  return { ...votedOutcome(problemId, result), usages: samples.map(({ usage }) => usage) };
}

/** A problem without a vote has no samples and no answer. */
function equalTokensVote(transcript: Transcript, input: EvaluationInput): Outcome {
  return sampledVote(transcript, input.beside?.get(transcript.problemId)?.atEqualTokens ?? 0, input);
}

function singleOutcome({ problemId }: Transcript, temperature: number, { beside }: EvaluationInput): Outcome {
  const answer = beside?.get(problemId)?.single?.find((each) => each.temperature === temperature);
  return { problemId, answer: answer?.answer ?? null, tieBroken: false, usages: answer ? [answer.usage] : [] };
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
    callsPerProblem: callsOf(mode, outcomes),
    counts,
    noAnswer: outcomes.filter(({ answer }) => answer === null).length,
    tieBroken: outcomes.filter(({ tieBroken }) => tieBroken).length,
  };
}

/** The same for all answered problems; at equal tokens, where the number of samples varies, their mean. */
function callsOf(mode: AnswerMode, outcomes: readonly Outcome[]): number {
  const calls = outcomes.map(({ usages }) => usages.length).filter((each) => each > 0);
  return mode === equalTokens ? (mean(calls) ?? 0) : Math.max(0, ...calls);
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

/** Share of the parsed last-round answers in the winning group; `undefined` without a consensus (measures.md). */
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

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
