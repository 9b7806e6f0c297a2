/** Activities as plain functions that return at once and keep nothing: for tests of the workflows' own order, and for the bench. */
import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Activities } from '../../activities';
import type { RunPlan, ShardInput, ShardOutcome } from '../../src/contract/run';
import { durationMs } from '../../src/domain/lines/versions';
import { societyAgents } from '../../src/domain/identifiers';

/** A plan as `resolveRun` would return it; every field may be replaced. */
export function plainPlan(changes: Partial<RunPlan> = {}): RunPlan {
  const { members = 3, rounds = 2 } = changes;
  return {
    runId: `plain-${randomUUID().slice(0, 8)}`,
    name: 'plain',
    task: 'arithmetic',
    method: 'multiagent-finetuning',
    members,
    rounds,
    evaluationRounds: rounds,
    iterations: 1,
    trainProblems: 4,
    evaluationProblems: 4,
    shardSize: 2,
    shardsInFlight: 8,
    problemsInFlight: 8,
    maxFailedShare: 0.02,
    trainedAgents: societyAgents(members, rounds),
    voteSamples: 0,
    voteAtIterations: [],
    scoring: [],
    searchAttributes: [],
    notices: [],
    ...changes,
  };
}

const counts = { calls: 1, promptTokens: 20, completionTokens: 40 };

/** @param plan What `resolveRun` answers. @param changes Replaces single activities. */
export function plainActivities(plan: RunPlan, changes: Partial<Activities> = {}): Activities {
  return {
    findDeadline: async ({ limits: { deadline }, startedAt }) =>
      typeof deadline === 'string' ? startedAt + durationMs(deadline) : null,
    resolveRun: async () => plan,
    resolveEvaluation: async () => plan,
    checkForCollapse: async () => ({}),
    openShard: async ({ from, count, split }) => ({
      problemIds: Array.from({ length: count }, (_, index) => `${split}-${from + index}`),
    }),
    findClosedShards: async () => [],
    takeTurn: async () => ({ answer: '36', counts }),
    drawVoteSamples: async () => counts,
    askWithHints: async () => counts,
    closeShard: async ({ shard, failures }) => plainOutcome(shard, failures.length),
    selectTrainingData: async () => ({ examples: Object.fromEntries(plan.trainedAgents.map((agent) => [agent, 1])) }),
    auditTraining: async ({ iteration }) => ({ iteration, agents: [], problems: { agreed: 0, consensusRight: 0 } }),
    finetuneAgent: async ({ agent }) => ({
      agent,
      model: `model-of-${agent}`,
      outcome: 'trained',
      examples: 1,
      tokens: 1,
      seconds: 0,
    }),
    recordSociety: async () => ({ version: '0'.repeat(64) }),
    scoreEvaluation: async ({ shards }) => ({
      accuracy: 0.5,
      problems: shards.reduce((sum, { problems }) => sum + problems, 0),
      failed: shards.reduce((sum, { failed }) => sum + failed, 0),
      agreement: 1,
      counts,
    }),
    scoreShard: async () => ({ texts: 1, tokens: 1 }),
    recordMeasures: async () => ({ recorded: true }),
    recordFewerProblems: async ({ fewer }) => ({ ...fewer, at: '' }),
    recordLanding: async ({ landing, last }) => ({ ...landing, last, at: '' }),
    judgePromotion: () => Promise.reject(new Error('this run has no line')),
    recordPromotion: () => Promise.reject(new Error('this run has no line')),
    readSpending: () => Promise.reject(new Error('this run has no limits')),
    recordLimits: () => Promise.reject(new Error('this run has no limits')),
    writeReport: async () => ({ page: '' }),
    resolveComparison: () => Promise.reject(new Error('this is a run, no comparison')),
    openComparedRun: () => Promise.reject(new Error('this is a run, no comparison')),
    writeComparison: () => Promise.reject(new Error('this is a run, no comparison')),
    ...changes,
  };
}

export function plainOutcome({ plan, split, shard, count }: ShardInput, failed = 0): ShardOutcome {
  const transcripts = { key: `runs/${plan.runId}/${split}/${shard}`, sha256: '0'.repeat(64) };
  return { shard, transcripts, problems: count, agreed: count - failed, tieBroken: 0, none: 0, failed, counts };
}

/** Activities of several runs behind one worker: each call goes to those of the run whose workflow made it. */
export function activitiesByRun(runs: ReadonlyMap<string, Activities>): Activities {
  const named = (name: keyof Activities) => async (input: never) => {
    const [, runId = ''] = Context.current().info.workflowExecution?.workflowId.split('/') ?? [];
    const activities = runs.get(runId);
    if (activities === undefined) throw new Error(`no activities for the run ${runId}`);
    return (activities[name] as (given: never) => Promise<unknown>)(input);
  };
  const names = Object.keys(plainActivities(plainPlan())) as (keyof Activities)[];
  return Object.fromEntries(names.map((name) => [name, named(name)])) as unknown as Activities;
}
