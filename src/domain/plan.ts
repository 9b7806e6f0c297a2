/** What a specification means for the order of the work: the plan that workflows follow. Derived once, by `resolveRun`. */
import type { RunPlan } from '../contract/run';
import type { MethodSettings, RunSpecification } from '../contract/specification';
import { sharedAgent, societyAgents } from './identifiers';

type DebateSize = Pick<MethodSettings, 'members' | 'rounds' | 'summary'>;

/** Events a shard's history may hold, and what one turn adds (scheduled, started, completed and the workflow tasks). */
const shardEvents = 3000;
const eventsPerTurn = 6;

/** Model calls of one debate: N + 2N(M-1); without summaries N·M. */
export function callsPerDebate({ members, rounds, summary }: DebateSize): number {
  return members + (summary ? 2 : 1) * members * (rounds - 1);
}

/** Problems per shard, so that its history stays far below the server's limits whatever N and M are. */
export function automaticShardSize({ members, rounds }: Pick<DebateSize, 'members' | 'rounds'>): number {
  const fitting = Math.floor(shardEvents / (eventsPerTurn * members * rounds));
  return Math.min(50, Math.max(1, fitting));
}

/** Agents with a training set of their own: the society's, `shared`, or none. */
export function trainedAgents(method: Pick<MethodSettings, 'weights' | 'members' | 'rounds'>): string[] {
  const { weights, members, rounds } = method;
  if (weights === 'none') return [];
  return weights === 'one' ? [sharedAgent] : societyAgents(members, rounds);
}

export function deriveRunPlan(
  specification: RunSpecification,
  runId: string,
  found: { searchAttributes?: string[]; notices?: string[] } = {},
): RunPlan {
  const { method, execution, task, iterations } = specification;
  const voteAtIterations = votedIterations(specification);
  return {
    runId,
    name: specification.name,
    task: task.kind,
    method: method.preset,
    members: method.members,
    rounds: method.rounds,
    evaluationRounds: method.evaluateBy === 'debate' ? method.rounds : 1,
    iterations,
    trainProblems: task.train,
    evaluationProblems: task.eval,
    shardSize: execution.shardSize === 'auto' ? automaticShardSize(method) : execution.shardSize,
    shardsInFlight: execution.shardsInFlight,
    problemsInFlight: execution.problemsInFlight,
    maxFailedShare: specification.limits.maxFailedShare,
    trainedAgents: trainedAgents(method),
    voteSamples: voteAtIterations.length === 0 ? 0 : voteSamples(specification),
    voteAtIterations,
    searchAttributes: found.searchAttributes ?? [],
    notices: found.notices ?? [],
  };
}

function voteSamples({ evaluation, method }: RunSpecification): number {
  const { samples } = evaluation.votes;
  return samples === 'equal-calls' ? callsPerDebate(method) : samples;
}

function votedIterations({ evaluation, iterations }: RunSpecification): number[] {
  if (evaluation.votes.at === 'never') return [];
  if (evaluation.votes.at === 'first-and-last') return [...new Set([0, iterations])];
  return Array.from({ length: iterations + 1 }, (_, iteration) => iteration);
}
