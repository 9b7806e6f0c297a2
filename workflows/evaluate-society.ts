/** The society of one iteration debates the evaluation problems; its answers are scored, its diversity is measured. */
import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import type {
  CallCounts,
  EvaluationInput,
  EvaluationOutcome,
  RunPlan,
  RunProgress,
  ShardOutcome,
} from '../src/contract/run';
import { searchAttributes } from '../src/contract/names';
import { addCounts, noCounts, spentOn } from '../src/domain/counts';
import { light } from './activity-proxies';
import { debateProblems } from './debate-problems';
import { refuseTooManyFailures } from './failed-problems';
import { measureSociety } from './measure-society';
import { outlastingOutages } from './outages';
import { answerProgress } from './part-progress';
import { createPauseGate, type PauseGate } from './pause-gate';
import { createPartPurse } from './purse';
import { refusedAsItself } from './refusals';
import { setSearchAttribute } from './search-attributes';

/** Part of a run; or started by itself with a finished society, and then a run of no iterations. */
export async function evaluateSociety(...input: unknown[]): Promise<EvaluationOutcome> {
  const part = workflowInfo().parent === undefined ? undefined : (input[0] as EvaluationInput);
  const known: { plan?: RunPlan } = {};
  const show = () => setSearchAttribute(known.plan?.searchAttributes, searchAttributes.paused, gate.paused);
  const gate = createPauseGate({ paused: part?.paused }, show);
  if (part !== undefined) return evaluate(part, gate);
  // Followed like any other run: it answers with the whole run's progress.
  const whole = { iteration: 0, iterations: 0, accuracy: {} };
  const nothing = { problems: { done: 0, total: 0, failed: 0 }, counts: noCounts };
  answerProgress(gate, () => nothing, { ...whole, runId: '', stage: 'resolve' });
  const plan = await refusedAsItself(() => outlastingOutages(gate, () => light.resolveEvaluation({ input })));
  known.plan = plan;
  show();
  const outcome = await evaluate({ plan, iteration: 0 }, gate, { ...whole, runId: plan.runId, stage: 'evaluate' });
  const request = { runId: plan.runId, throughIteration: 0, timings: [] };
  await outlastingOutages(gate, () => light.writeReport(request));
  await condition(allHandlersFinished);
  return outcome;
}

async function evaluate(
  input: EvaluationInput,
  gate: PauseGate,
  whole: Partial<RunProgress> = {},
): Promise<EvaluationOutcome> {
  const { plan, iteration, split = 'eval' } = input;
  const problems = split === 'eval' ? plan.evaluationProblems : (plan.validationProblems ?? 0);
  const startedAt = Date.now();
  const closed = { problems: 0, failed: 0, counts: noCounts };
  const done = () => ({
    problems: { done: closed.problems, total: problems, failed: closed.failed },
    counts: closed.counts,
  });
  answerProgress(gate, done, whole);
  const purse = createPartPurse(plan.limits, input.allowance, plan.shardsInFlight);

  const shards = await debateProblems(
    {
      plan,
      split,
      iteration,
      societyIteration: iteration,
      rounds: plan.evaluationRounds,
      members: plan.evaluationMembers ?? plan.members,
      ...answersBeside(input),
      problems,
      purse,
      onClosed: (shard) => addShard(closed, shard),
    },
    gate,
  );
  refuseTooManyFailures(plan, split === 'eval' ? 'evaluation' : 'validation', closed);
  const outcome = await outlastingOutages(gate, () => light.scoreEvaluation({ plan, iteration, split, shards }));
  const charged = () => (purse === undefined ? {} : { charged: purse.account.used() });
  if (split !== 'eval') return { ...outcome, ...charged() };
  const seconds = { debate: input.debateSeconds ?? 0, evaluation: (Date.now() - startedAt) / 1000 };
  await measureSociety({ plan, iteration, split: 'eval', shards, seconds }, gate, purse);
  return { ...outcome, ...charged() };
}

/** The society's own vote needs its samples at every iteration; other answers are asked for where the plan says so. */
function answersBeside({ plan, iteration, split = 'eval', last = false }: EvaluationInput) {
  const { voteAtIterations, voteSamples, ownVoteSamples = 0 } = plan;
  const isVoted = voteAtIterations.includes(iteration) || (last && voteAtIterations.length > 0);
  const takesVote = isVoted && split === 'eval';
  return {
    voteSamples: Math.max(takesVote ? voteSamples : 0, ownVoteSamples),
    ...(takesVote ? { furtherAnswers: plan.furtherAnswers } : {}),
  };
}

/** Adds a closed shard to a running sum. */
function addShard(sum: { problems: number; failed: number; counts: CallCounts }, shard: ShardOutcome): void {
  sum.problems += shard.problems;
  sum.failed += shard.failed;
  sum.counts = addCounts(sum.counts, spentOn(shard));
}
