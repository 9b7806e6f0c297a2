/** One question to a society, answered in this process: the debate of an evaluation, or only its first round, and the vote. */
import type { RunSpecification } from '../contract/specification';
import type { Society } from '../contract/society';
import type { Consensus, DebateRound, Turn } from '../contract/transcript';
import { saidIn } from '../domain/answers';
import { countUsages, usagesOf } from '../domain/counts';
import { debateRules, sampleVoice, voiceOf, type DebateRules, type Voice } from '../domain/debate-rules';
import { digestOf } from '../domain/digests';
import { samplingSeed } from '../domain/draws';
import { memberNumbers } from '../domain/identifiers';
import { modelOf } from '../domain/society';
import { answerPairs, distinctAnswers, equalityFromVerdicts, voteOnDebate } from '../domain/voting';
import type { ChatRequest, Grader, Inference } from '../ports';
import {
  askedAlone,
  othersResponses,
  summaryRequest,
  turnMessages,
  type DebateFrame,
  type PromptSet,
} from '../prompts';
import type { Task } from '../tasks/task';

/** How the answer is found: one agent alone, a vote over the first answers, or the debate. */
export const waysOfAsking = ['one', 'vote', 'debate'] as const;

export type WayOfAsking = (typeof waysOfAsking)[number];

export interface AskedSociety {
  society: Society;
  specification: RunSpecification;
  task: Task;
  prompts: PromptSet;
  inference: (endpoint: string) => Inference;
  grader: Grader;
}

export interface Question {
  question: string;
  way: WayOfAsking;
  /** Of all draws; the same question with the same seed gets the same answer. */
  seed: number;
  signal: AbortSignal;
  /** Answers that a vote is over; default: one per member, as in the first round. */
  samples?: number;
  /** Tokens of each response and summary, if that is less than the society's own limit. */
  maxTokens?: number;
  /** Called as each round ends, before anything is marked by the vote. */
  onRound?: (round: DebateRound) => void;
}

export interface SocietyAnswer {
  question: string;
  way: WayOfAsking;
  /** `RUN@ITERATION` */
  society: string;
  /** Null if no answer parses. */
  answer: string | null;
  consensus: Exclude<Consensus, { kind: 'failed' }>;
  rounds: DebateRound[];
  counts: ReturnType<typeof countUsages>;
}

/** Stores nothing. Throws `ProviderError` if a model does not answer. */
export async function askSociety(asked: AskedSociety, question: Question): Promise<SocietyAnswer> {
  const { society, grader } = asked;
  const debate = new Debate(asked, question);
  const rounds: DebateRound[] = [];
  for (const round of memberNumbers(debate.rules.rounds)) {
    const turns = await debate.round(round, rounds.at(-1)?.turns ?? []);
    rounds.push({ round, turns });
    question.onRound?.({ round, turns });
  }
  const pairs = answerPairs(distinctAnswers(rounds));
  const verdicts = pairs.length === 0 ? [] : await grader.grade(pairs, question.signal);
  const equal = equalityFromVerdicts(pairs.map((pair, index) => ({ ...pair, ...verdicts[index]! })));
  const { iteration, runId } = society;
  const voted = voteOnDebate(rounds, equal, { seed: question.seed, iteration, problemId: debate.problemId });
  return {
    question: question.question,
    way: question.way,
    society: `${runId}@${iteration}`,
    answer: voted.consensus.kind === 'agreed' ? voted.consensus.answer : null,
    ...voted,
    counts: countUsages(rounds.flatMap(({ turns }) => turns.flatMap(usagesOf))),
  };
}

class Debate {
  readonly rules: DebateRules;
  readonly problemId: string;
  private readonly frame: DebateFrame;
  /** Who answers in a round: the members, or the samples of a vote. */
  private readonly speakers: number;

  constructor(
    private readonly asked: AskedSociety,
    private readonly question: Question,
  ) {
    const { society, specification, prompts } = asked;
    this.rules = rulesFor(question.way, specification);
    const { way, samples = this.rules.members } = question;
    this.speakers = way === 'vote' ? samples : this.rules.members;
    this.problemId = `asked-${digestOf(question.question).slice(0, 12)}`;
    this.frame = { society, prompts, question: question.question, rules: this.rules };
  }

  round(round: number, before: readonly Turn[]): Promise<Turn[]> {
    return Promise.all(memberNumbers(this.speakers).map((member) => this.turn({ member, round }, before)));
  }

  private async turn(speaker: { member: number; round: number }, before: readonly Turn[]): Promise<Turn> {
    const { society, task, specification } = this.asked;
    const { name, agent } = this.voiceOf(speaker);
    const summary = await this.summary(speaker, before);
    const messages =
      this.question.way === 'vote'
        ? askedAlone(this.frame, agent)
        : turnMessages(this.frame, speaker, {
            previous: before[speaker.member - 1],
            others: othersResponses(speaker, before),
            summary: summary?.response,
          });
    const role = speaker.round === 1 ? 'generation' : 'critic';
    const { model, endpoint } = modelOf(society, agent);
    const seed = this.seedOf({ kind: 'response', round: speaker.round, agent: name });
    const said = await this.complete(endpoint, { model, messages, sampling: society.sampling[role], seed });
    const { text, usage, finishReason } = said;
    const response = saidIn(text, specification.method.thinking);
    const answer = await task.parse(response);
    const { member } = speaker;
    return { member, agent, model, ...(summary && { summary }), messages, response, answer, finishReason, usage };
  }

  private async summary(speaker: { member: number; round: number }, before: readonly Turn[]): Promise<Turn['summary']> {
    const { specification } = this.asked;
    const request = summaryRequest(this.frame, othersResponses(speaker, before));
    if (request === undefined) return undefined;
    const seed = this.seedOf({ kind: 'summary', round: speaker.round, agent: this.voiceOf(speaker).name });
    const { text, usage } = await this.complete(specification.model.endpoint, { ...request, seed });
    return { messages: request.messages, response: saidIn(text, specification.method.thinking), usage };
  }

  private complete(endpoint: string, request: ChatRequest) {
    const { signal, maxTokens = Infinity } = this.question;
    const sampling = { ...request.sampling, maxTokens: Math.min(request.sampling.maxTokens, maxTokens) };
    return this.asked.inference(endpoint).complete({ ...request, sampling }, signal);
  }

  private voiceOf(speaker: { member: number; round: number }): Voice {
    return this.question.way === 'vote' ? sampleVoice(speaker.member, this.rules) : voiceOf(speaker, this.rules);
  }

  private seedOf(call: { kind: 'response' | 'summary'; round: number; agent: string }): number {
    const { iteration } = this.asked.society;
    return samplingSeed({ ...call, seed: this.question.seed, iteration, split: 'eval', problemId: this.problemId });
  }
}

/** Rules of the evaluation debate, with fewer rounds or members if the way needs fewer. */
function rulesFor(way: WayOfAsking, specification: RunSpecification): DebateRules {
  const rules = debateRules({ ...specification, method: { ...specification.method, evaluateBy: 'debate' } }, 'eval');
  if (way === 'debate') return rules;
  return { ...rules, rounds: 1, members: way === 'one' ? 1 : rules.members };
}
