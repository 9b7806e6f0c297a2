/** Derives the plan that workflows follow from a specification. Called once, by `resolveRun`. */
import { equalTokens, type AnswerMode } from '../contract/evaluation';
import type { RunPlan } from '../contract/run';
import type { ScoringKind } from '../contract/measures';
import type { MethodSettings, RunSpecification } from '../contract/specification';
import { evaluationSize, societySize, speakingAgents, type DebateSize } from './debate-rules';
import { iterationsTo, sharedAgent } from './identifiers';
import { validationProblems } from './stopping';

/** Events a shard's history may hold, and what one turn adds (scheduled, started, completed and the workflow tasks). */
const shardEvents = 3000;
const eventsPerTurn = 6;

/**
 * Most shards of one split. A shard adds 8 events to the history that opens it (measured), and half a kilobyte to the
 * payload that hands on its outcomes: 2,000 are 16,000 of the server's 51,200 events, and half of a payload's 2 MB.
 */
export const mostShards = 2000;

/** First responses of one evaluated problem where a vote is taken beside its debate: they are samples of that vote. */
export function drawnPerProblem(
  { members }: Pick<DebateSize, 'members'>,
  { voteSamples }: Pick<RunPlan, 'voteSamples'>,
): number {
  return Math.max(members, voteSamples);
}

/** Model calls of one debate: N + 2N(M-1); without summaries (a single member has no others to summarise) N·M. */
export function callsPerDebate({ members, rounds, summary }: DebateSize & { summary: boolean }): number {
  return members + (summary && members > 1 ? 2 : 1) * members * (rounds - 1);
}

/** Problems per shard, few enough to keep its history far below the server's limits for any N and M. */
export function automaticShardSize({ members, rounds }: DebateSize): number {
  const fitting = Math.floor(shardEvents / (eventsPerTurn * members * rounds));
  return Math.min(50, Math.max(1, fitting));
}

type TrainingShape = Pick<MethodSettings, 'weights' | 'members' | 'rounds' | 'critics'>;

/** Agents with a training set of their own: those that debate and are tuned, `shared`, or none. */
export function trainedAgents(method: TrainingShape): string[] {
  if (method.weights === 'none') return [];
  return method.weights === 'one' ? [sharedAgent] : tunedAgents(method);
}

/** Agents whose own responses are trained on, by themselves or by the one model. */
export function tunedAgents({ critics, ...size }: Pick<TrainingShape, 'members' | 'rounds' | 'critics'>): string[] {
  return speakingAgents({ ...size, critics: critics === 'untuned' ? 'generation' : critics });
}

export function deriveRunPlan(
  specification: RunSpecification,
  runId: string,
  found: { searchAttributes?: string[]; notices?: string[] } = {},
): RunPlan {
  const { method, execution, task, iterations } = specification;
  const voteAtIterations = votedIterations(specification);
  const evaluated = evaluationSize(specification);
  return {
    runId,
    name: specification.name,
    task: task.kind,
    method: method.preset,
    members: method.members,
    rounds: method.rounds,
    critics: method.critics,
    evaluationMembers: evaluated.members,
    evaluationRounds: evaluated.rounds,
    iterations,
    trainProblems: task.train,
    evaluationProblems: (specification.evalTask ?? task).eval,
    validationProblems: validationProblems(specification.stopWhen),
    shardSize: execution.shardSize === 'auto' ? automaticShardSize(societySize(specification)) : execution.shardSize,
    shardsInFlight: execution.shardsInFlight,
    problemsInFlight: execution.problemsInFlight,
    maxFailedShare: specification.limits.maxFailedShare,
    trainedAgents: trainedAgents(method),
    voteSamples: voteAtIterations.length === 0 ? 0 : Math.max(0, ...voteSizes(specification)),
    voteAtIterations,
    ...furtherAnswers(specification, voteAtIterations),
    ownVoteSamples: method.evaluateBy === 'vote' ? (method.samples ?? 0) : 0,
    hints: method.hint,
    stopWhen: specification.stopWhen,
    guard: specification.guard,
    scoring: scoringKinds(specification),
    searchAttributes: found.searchAttributes ?? [],
    notices: found.notices ?? [],
  };
}

/**
 * Which kinds of scoring the requested measures need; with one member there are no pairs to compare. Critics are shown the
 * samples of votes.
 */
function scoringKinds(specification: RunSpecification): ScoringKind[] {
  const { evaluation } = specification;
  const asked = new Set(evaluation.measures);
  const { members, rounds } = evaluationSize(specification);
  const [hasPairs, hasCritics] = [members > 1, rounds > 1];
  const hasScorer = evaluation.scorer !== undefined;
  const kinds: [ScoringKind, boolean][] = [
    ['embedding', asked.has('embedding') && hasPairs],
    ['agents', (asked.has('nll') && !hasScorer) || (asked.has('kl-agents') && hasPairs) || asked.has('kl-base')],
    ['scorer', asked.has('nll') && hasScorer],
    ['critics', asked.has('critic-reading') && hasPairs && hasCritics && votedIterations(specification).length > 0],
  ];
  return kinds.filter(([, isNeeded]) => isNeeded).map(([kind]) => kind);
}

/** Empty if no votes are taken or nothing further is asked. Without a debate, equal tokens are equal calls. */
function furtherAnswers(
  { evaluation, method, sampling }: RunSpecification,
  votedIterations: number[],
): Pick<RunPlan, 'furtherAnswers'> {
  if (votedIterations.length === 0) return {};
  const { rounds } = evaluationSize({ evaluation, method });
  const atEqualTokens = rounds > 1 && [evaluation.votes.samples].flat().includes('equal-tokens');
  const temperatures = [...new Set(evaluation.temperatures)].filter((each) => each !== sampling.generation.temperature);
  if (!atEqualTokens && temperatures.length === 0) return {};
  return { furtherAnswers: { atEqualTokens, temperatures } };
}

/** Explicit sizes k of the votes beside the debate, ascending; the samples of the largest serve all of them. */
export function voteSizes(specification: Pick<RunSpecification, 'evaluation' | 'method'>): number[] {
  const asked = [specification.evaluation.votes.samples].flat();
  const sizes = asked
    .filter((samples) => samples !== 'equal-tokens')
    .map((samples) => (samples === 'equal-calls' ? equalCalls(specification) : samples));
  return [...new Set(sizes)].sort((left, right) => left - right);
}

/** Ways of answering that the evaluation after an iteration measures, as far as the settings tell. */
export function modesAfter(specification: RunSpecification, iteration: number): AnswerMode[] {
  const { members } = evaluationSize(specification);
  const { voteAtIterations, furtherAnswers: further } = deriveRunPlan(specification, specification.name);
  const isVoted = voteAtIterations.includes(iteration);
  const sizes = [members, ...(isVoted ? voteSizes(specification) : [])].filter((size) => size > 1);
  const votes = [...new Set(sizes)].sort((left, right) => left - right).map((size): AnswerMode => `vote-${size}`);
  const modes: AnswerMode[] = ['society', 'sample', ...votes];
  if (!isVoted || further === undefined) return modes;
  if (further.atEqualTokens) modes.push(equalTokens);
  return [...modes, ...(further.temperatures ?? []).map((temperature): AnswerMode => `sample-at-${temperature}`)];
}

/** Model calls of one evaluation debate; what is voted instead of debating costs as much as the debate would. */
export function equalCalls(specification: Pick<RunSpecification, 'evaluation' | 'method'>): number {
  const { method } = specification;
  const { members, rounds } = evaluationSize(specification);
  const debate = { members, rounds: method.evaluateBy === 'debate' ? rounds : method.rounds };
  const ownVote = method.evaluateBy === 'vote' ? (method.samples ?? 0) : 0;
  return Math.max(callsPerDebate({ ...debate, summary: method.summary }), ownVote);
}

function votedIterations({ evaluation, iterations }: RunSpecification): number[] {
  if (evaluation.votes.at === 'never') return [];
  if (evaluation.votes.at === 'first-and-last') return [...new Set([0, iterations])];
  return iterationsTo(iterations);
}
