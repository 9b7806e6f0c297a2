/**
 * Runs the intervention of measures.md: per problem, first responses until there are enough right and wrong
 * ones, then each critic's revision in the six situations, by the prompts, models and summaries of the society itself.
 */
import {
  othersKinds,
  ownKinds,
  type Cells,
  type CriticReading,
  type OthersKind,
  type OwnKind,
} from '../contract/critic-reading';
import type { MethodSettings } from '../contract/specification';
import type { Society } from '../contract/society';
import { saidIn } from '../domain/answers';
import { sampleVoice, voiceOf, type DebateRules } from '../domain/debate-rules';
import { drawKey, samplingSeed } from '../domain/draws';
import { memberNumbers } from '../domain/identifiers';
import {
  cellsOf,
  criticReading,
  fewestSamples,
  poolOf,
  type JudgedResponse,
  type ProbedProblem,
  type ResponsePool,
} from '../domain/measures/critic-reading';
import { modelOf } from '../domain/society';
import { ProviderError } from '../errors';
import type { ChatRequest, Grader } from '../ports';
import { askedAlone, summaryRequest, turnMessages, type DebateStage, type PromptSet } from '../prompts';
import { allSettledOrFailed } from '../settled';
import type { AnswerReader } from '../tasks/task';

/** A question with its reference answer, normalised. */
export interface ProbeProblem {
  id: string;
  question: string;
  answer: string;
}

export interface CriticProbe {
  society: Omit<Society, 'version'>;
  prompts: PromptSet;
  thinking: MethodSettings['thinking'];
  seed: number;
  /** Most first responses per problem. */
  samples: number;
  /** The configured endpoint of the summariser. */
  endpoint: string;
  reader: AnswerReader;
  grader: Grader;
  /** Asks a model for a response; called once per request. */
  ask: (endpoint: string, request: ChatRequest) => Promise<string>;
  /** Told after each problem how many are done. */
  onProblem?: (done: number) => void;
}

/** Statuses by which an endpoint refuses one request; the problem then counts as failed, and the probe goes on. */
const refusals = new Set([400, 413, 422]);

/** Asks about all problems at once: the endpoint's connection pool holds back what is more than it can bear. */
export async function probeCritics(probe: CriticProbe, problems: readonly ProbeProblem[]): Promise<CriticReading> {
  const refused: unknown[] = [];
  let done = 0;
  const probing = problems.map(async (problem) => {
    const probed = await probeProblem(probe, problem).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      refused.push(error);
      return undefined;
    });
    done += 1;
    probe.onProblem?.(done);
    return probed;
  });
  const probed = (await allSettledOrFailed(probing)).filter((each) => each !== undefined);
  // Nothing was measured because nothing could be asked: that is an error, not a finding.
  if (refused.length > 0 && refused.length === problems.length) throw refused[0];
  return criticReading(probed, {
    problemsAsked: problems.length,
    failed: refused.length,
    samples: probe.samples,
    critics: probe.society.members,
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof ProviderError && !error.isOutage && refusals.has(error.status ?? 0);
}

/** Undefined if the problem's first responses are too much alike. */
async function probeProblem(probe: CriticProbe, problem: ProbeProblem): Promise<ProbedProblem | undefined> {
  const pool = await responsePool(probe, problem);
  if (pool === undefined) return undefined;
  const revisions = await allSettledOrFailed(
    memberNumbers(probe.society.members).map((member) => revisionsOf(probe, { problem, pool, member })),
  );
  const judged = await judge(probe, problem, revisions.flatMap(inOrder));
  const ofCritics = revisions.map((_, critic) => {
    const verdicts = judged.slice(critic * situations, (critic + 1) * situations).values();
    return cellsOf(() => verdicts.next().value?.right === true);
  });
  return cellsOf((own, others) => ofCritics.map((verdicts) => verdicts[own][others]));
}

const situations = ownKinds.length * othersKinds.length;

/** Samples of a problem to draw before checking again whether there are enough. */
const drawnTogether = 4;

async function responsePool(probe: CriticProbe, problem: ProbeProblem): Promise<ResponsePool | undefined> {
  const wrongFirst = Number.parseInt(drawKey(`probe/${probe.seed}/${problem.id}`).slice(0, 8), 16) % 2 === 1;
  const usable: JudgedResponse[] = [];
  let pool: ResponsePool | undefined;
  for (let drawn = 0; pool === undefined && drawn < probe.samples;) {
    const more = Math.min(drawn === 0 ? fewestSamples : drawnTogether, probe.samples - drawn);
    const numbers = Array.from({ length: more }, (_, index) => drawn + index + 1);
    const responses = await allSettledOrFailed(numbers.map((sample) => firstResponse(probe, problem, sample)));
    // A response without an answer is neither a right nor a wrong solution to show.
    usable.push(...(await judge(probe, problem, responses)).filter((each) => each !== undefined));
    pool = poolOf(usable, wrongFirst);
    drawn += more;
  }
  return pool;
}

/** Undefined for a response without an answer. */
async function judge(
  { reader, grader }: CriticProbe,
  { answer: reference }: ProbeProblem,
  responses: readonly string[],
): Promise<(JudgedResponse | undefined)[]> {
  const answers = await Promise.all(responses.map(async (response) => reader.parse(response)));
  const different = [...new Set(answers)].filter((answer) => answer !== null && answer !== reference);
  const verdicts = await grader.grade(different.map((answer) => ({ a: answer as string, b: reference })));
  const right = new Set([reference, ...different.filter((_, index) => verdicts[index]?.equal === true)]);
  return responses.map((response, index) => {
    const answer = answers[index] ?? null;
    return answer === null ? undefined : { response, right: right.has(answer) };
  });
}

/** As sample `sample` of a vote over k at evaluation, seed included. */
function firstResponse(probe: CriticProbe, { id, question }: ProbeProblem, sample: number): Promise<string> {
  const { agent, name } = sampleVoice(sample, rulesOf(probe));
  const messages = askedAlone(stageOf(probe, question), agent);
  const seed = samplingSeed({ ...placeOf(probe, id), kind: 'response', round: 1, agent: name });
  return respond(probe, agent, { messages, sampling: probe.society.sampling.generation, seed });
}

interface Revising {
  problem: ProbeProblem;
  pool: ResponsePool;
  member: number;
}

/** One critic's revisions. They share their sampling seed: everything but what is exchanged stays equal. */
async function revisionsOf(probe: CriticProbe, revising: Revising): Promise<Cells<string>> {
  const [right, mixed, wrong] = await allSettledOrFailed(
    othersKinds.map((others) => summaryOf(probe, revising, others)),
  );
  const summaries = { right, mixed, wrong };
  return settledCells(cellsOf((own, others) => revise(probe, revising, { own, others, summary: summaries[others] })));
}

async function settledCells<Value>(begun: Cells<Promise<Value>>): Promise<Cells<Value>> {
  const settled = (await allSettledOrFailed(inOrder(begun))).values();
  return cellsOf(() => settled.next().value as Value);
}

/** In the order of `cellsOf`. */
function inOrder<Value>(cells: Cells<Value>): Value[] {
  return ownKinds.flatMap((own) => othersKinds.map((others) => cells[own][others]));
}

async function summaryOf(
  probe: CriticProbe,
  { problem, pool, member }: Revising,
  others: OthersKind,
): Promise<string | undefined> {
  const request = summaryRequest(stageOf(probe, problem.question), pool.others[others]);
  if (request === undefined) return undefined;
  const { name } = voiceOf({ member, round: 2 }, rulesOf(probe));
  const seed = samplingSeed({ ...placeOf(probe, problem.id), kind: 'summary', round: 2, agent: name });
  const said = await probe.ask(probe.endpoint, { ...request, seed });
  return saidIn(said, probe.thinking);
}

function revise(
  probe: CriticProbe,
  { problem: { id, question }, pool, member }: Revising,
  { own, others, summary }: { own: OwnKind; others: OthersKind; summary: string | undefined },
): Promise<string> {
  const stage = stageOf(probe, question);
  const first = voiceOf({ member, round: 1 }, stage.rules);
  const { agent, name } = voiceOf({ member, round: 2 }, stage.rules);
  const previous = { messages: askedAlone(stage, first.agent), response: pool.own[own] };
  const messages = turnMessages(stage, { member, round: 2 }, { previous, others: pool.others[others], summary });
  const seed = samplingSeed({ ...placeOf(probe, id), kind: 'response', round: 2, agent: name });
  return respond(probe, agent, { messages, sampling: probe.society.sampling.critic, seed });
}

async function respond(probe: CriticProbe, agent: string, request: Omit<ChatRequest, 'model'>): Promise<string> {
  const { model, endpoint } = modelOf(probe.society, agent);
  return saidIn(await probe.ask(endpoint, { model, ...request }), probe.thinking);
}

function stageOf(probe: CriticProbe, question: string): DebateStage {
  const { society, prompts } = probe;
  return { society, prompts, question, rules: rulesOf(probe) };
}

function rulesOf({ society: { members, rounds, critics } }: CriticProbe): DebateRules {
  return { members, rounds, critics };
}

function placeOf({ seed, society }: CriticProbe, problemId: string) {
  return { seed, iteration: society.iteration, split: 'eval', problemId };
}
