/**
 * Runs the intervention of measures.md: per problem, first responses until there are enough right and wrong
 * ones, then critics' revisions in each situation, by the prompts, models and summaries of the society itself. The command
 * and the measure of a run both do this; who answers, who judges and what is kept is theirs.
 */
import {
  othersKinds,
  ownKinds,
  type Cells,
  type OthersKind,
  type OwnKind,
  type ProbeOutcome,
  type Revisions,
} from '../contract/critic-reading';
import type { MethodSettings } from '../contract/specification';
import type { Society } from '../contract/society';
import { saidIn } from '../domain/answers';
import { sampleVoice, voiceOf, type DebateRules } from '../domain/debate-rules';
import { samplingSeed } from '../domain/draws';
import {
  cellsOf,
  fewestSamples,
  isWrongFirst,
  poolOf,
  revisingMembers,
  type Intervention,
  type JudgedResponse,
  type ResponsePool,
} from '../domain/measures/critic-reading';
import { modelOf } from '../domain/society';
import { ProviderError } from '../errors';
import type { ChatRequest } from '../ports';
import { askedAlone, summaryRequest, turnMessages, type DebateFrame, type PromptSet } from '../prompts';
import { allSettledOrFailed } from '../settled';

export interface ProbeQuestion {
  id: string;
  question: string;
}

/** Which request of the intervention: no two have the same name. */
export interface ProbeCall {
  problemId: string;
  /** `sample-4`, `critic-1.others-right.summary` or `critic-1.own-wrong.others-right` */
  name: string;
  /** Where an evaluation may have made the very same request: in its debate, or for the vote beside it. */
  turn: { round: number; agent: string; part: 'response' | 'summary' };
  endpoint: string;
  request: ChatRequest;
}

export interface CriticProbe<Problem extends ProbeQuestion> {
  society: Omit<Society, 'version'>;
  rules: DebateRules;
  /** Of the evaluation that these calls belong to. */
  iteration: number;
  intervention: Intervention;
  prompts: PromptSet;
  thinking: MethodSettings['thinking'];
  seed: number;
  /** The configured endpoint of the summariser. */
  endpoint: string;
  /** Whether each response is right; null for one without an answer. */
  judge: (problem: Problem, responses: readonly string[]) => Promise<(boolean | null)[]>;
  /** Asks a model for a response; called once per request. */
  ask: (call: ProbeCall) => Promise<string>;
}

/** Throws whatever `ask` throws, unless it is the request that cannot be answered. */
export async function probeProblem<Problem extends ProbeQuestion>(
  probe: CriticProbe<Problem>,
  problem: Problem,
): Promise<ProbeOutcome> {
  try {
    const pool = await responsePool(probe, problem);
    return pool === undefined ? { kind: 'alike' } : { kind: 'revised', right: await revisions(probe, problem, pool) };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { kind: 'failed', reason: error.message };
  }
}

/** Statuses by which an endpoint refuses one request; the problem then counts as failed, and the probe goes on. */
const refusals = new Set([400, 413, 422]);

/** Refused, or given up because it always fails while others to the same model are answered. */
function isRefusal(error: unknown): error is ProviderError {
  if (!(error instanceof ProviderError) || error.isOutage) return false;
  const { status, retryable, unreachable } = error;
  return status === undefined ? !retryable && !unreachable : refusals.has(status) || (!retryable && status >= 500);
}

/** Samples of a problem to draw before checking again whether there are enough. */
const drawnTogether = 4;

/** Undefined if the problem's first responses are too much alike. */
async function responsePool<Problem extends ProbeQuestion>(
  probe: CriticProbe<Problem>,
  problem: Problem,
): Promise<ResponsePool | undefined> {
  const { samples } = probe.intervention;
  const wrongFirst = isWrongFirst({ seed: probe.seed, problemId: problem.id });
  const usable: JudgedResponse[] = [];
  let pool: ResponsePool | undefined;
  for (let drawn = 0; pool === undefined && drawn < samples;) {
    const more = Math.min(drawn === 0 ? fewestSamples : drawnTogether, samples - drawn);
    const numbers = Array.from({ length: more }, (_, index) => drawn + index + 1);
    const responses = await allSettledOrFailed(numbers.map((sample) => firstResponse(probe, problem, sample)));
    const verdicts = await probe.judge(problem, responses);
    // A response without an answer is neither a right nor a wrong solution to show.
    usable.push(...responses.flatMap((response, index) => usableAs(response, verdicts[index])));
    pool = poolOf(usable, wrongFirst);
    drawn += more;
  }
  return pool;
}

function usableAs(response: string, right: boolean | null | undefined): JudgedResponse[] {
  return typeof right === 'boolean' ? [{ response, right }] : [];
}

/** As sample `sample` of a vote over k at evaluation, seed included. */
function firstResponse(probe: Asking, { id, question }: ProbeQuestion, sample: number): Promise<string> {
  const { agent, name } = sampleVoice(sample, probe.rules);
  const messages = askedAlone(frameOf(probe, question), agent);
  const seed = samplingSeed({ ...placeOf(probe, id), kind: 'response', round: 1, agent: name });
  const request = { messages, sampling: probe.society.sampling.generation, seed };
  const turn = { round: 1, agent: name, part: 'response' } as const;
  return respond(probe, agent, { problemId: id, name: `sample-${sample}`, turn, request });
}

interface Revising {
  problem: ProbeQuestion;
  pool: ResponsePool;
  member: number;
}

interface Situation {
  own: OwnKind;
  others: OthersKind;
}

async function revisions<Problem extends ProbeQuestion>(
  probe: CriticProbe<Problem>,
  problem: Problem,
  pool: ResponsePool,
): Promise<Revisions> {
  const { seed, rules, intervention } = probe;
  const situations = inOrder(cellsOf((own, others) => ({ own, others }))).filter(({ others }) =>
    intervention.others.includes(others),
  );
  const members = revisingMembers(rules.members, intervention.critics, { seed, problemId: problem.id });
  const said = await allSettledOrFailed(
    members.map((member) => revisionsOf(probe, { problem, pool, member }, situations)),
  );
  const verdicts = await probe.judge(problem, said.flat());
  return cellsOf((own, others) => {
    const at = situations.findIndex((situation) => situation.own === own && situation.others === others);
    return at < 0 ? [] : members.map((_, critic) => verdicts[critic * situations.length + at] === true);
  });
}

/** One critic's revisions. They share their sampling seed: everything but what is exchanged stays equal. */
async function revisionsOf(probe: Asking, revising: Revising, situations: readonly Situation[]): Promise<string[]> {
  const shown = othersKinds.filter((kind) => situations.some(({ others }) => others === kind));
  const summaries = await allSettledOrFailed(shown.map((others) => summaryOf(probe, revising, others)));
  const summaryFor = (others: OthersKind) => summaries[shown.indexOf(others)];
  return allSettledOrFailed(
    situations.map(({ own, others }) => revise(probe, revising, { own, others, summary: summaryFor(others) })),
  );
}

/** In the order of `cellsOf`. */
function inOrder<Value>(cells: Cells<Value>): Value[] {
  return ownKinds.flatMap((own) => othersKinds.map((others) => cells[own][others]));
}

async function summaryOf(
  probe: Asking,
  { problem, pool, member }: Revising,
  others: OthersKind,
): Promise<string | undefined> {
  const asked = summaryRequest(frameOf(probe, problem.question), pool.others[others]);
  if (asked === undefined) return undefined;
  const { name: agent } = voiceOf({ member, round: 2 }, probe.rules);
  const seed = samplingSeed({ ...placeOf(probe, problem.id), kind: 'summary', round: 2, agent });
  const name = `${agent}.others-${others}.summary`;
  const request = { ...asked, seed };
  const turn = { round: 2, agent, part: 'summary' } as const;
  const said = await probe.ask({ problemId: problem.id, name, turn, endpoint: probe.endpoint, request });
  return saidIn(said, probe.thinking);
}

function revise(
  probe: Asking,
  { problem: { id, question }, pool, member }: Revising,
  { own, others, summary }: Situation & { summary: string | undefined },
): Promise<string> {
  const frame = frameOf(probe, question);
  const first = voiceOf({ member, round: 1 }, frame.rules);
  const { agent, name } = voiceOf({ member, round: 2 }, frame.rules);
  const previous = { messages: askedAlone(frame, first.agent), response: pool.own[own] };
  const messages = turnMessages(frame, { member, round: 2 }, { previous, others: pool.others[others], summary });
  const seed = samplingSeed({ ...placeOf(probe, id), kind: 'response', round: 2, agent: name });
  const request = { messages, sampling: probe.society.sampling.critic, seed };
  const turn = { round: 2, agent: name, part: 'response' } as const;
  return respond(probe, agent, { problemId: id, name: `${name}.own-${own}.others-${others}`, turn, request });
}

async function respond(
  probe: Asking,
  agent: string,
  { request, ...call }: Omit<ProbeCall, 'endpoint' | 'request'> & { request: Omit<ChatRequest, 'model'> },
): Promise<string> {
  const { model, endpoint } = modelOf(probe.society, agent);
  return saidIn(await probe.ask({ ...call, endpoint, request: { model, ...request } }), probe.thinking);
}

/** All of the probe but the judge, who needs to know the problem better. */
type Asking = Omit<CriticProbe<never>, 'judge'>;

function frameOf({ society, prompts, rules }: Asking, question: string): DebateFrame {
  return { society, prompts, question, rules };
}

function placeOf({ seed, iteration }: Asking, problemId: string) {
  return { seed, iteration, split: 'eval', problemId };
}
