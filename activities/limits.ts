/** Limits of a run: what its plan holds of them, what the store says is spent, and what people change of them. */
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import type { Prices } from '../src/contract/comparison';
import type { Caps, LimitsDecision, LimitsOfPlan, Spending, SpentSoFar } from '../src/contract/limits';
import type { RecordLimitsInput, RunPlan } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import { evaluationSize, societySize } from '../src/domain/debate-rules';
import { runKeys } from '../src/domain/keys';
import { mostCallsPerProblem } from '../src/domain/measures/critic-reading';
import { drawnPerProblem } from '../src/domain/plan';
import { baseModels } from '../src/domain/society';
import { capsFrom, exceeded, namesOfParts, nothing } from '../src/domain/spending';
import {
  shortestTraining,
  worstBatch,
  worstCall,
  worstReading,
  worstSamples,
  worstTurn,
} from '../src/domain/worst-case';
import { InvalidRunSpec } from '../src/errors';
import { endpointsOf, pricingProblems } from '../src/specification/priced';
import { spentSoFar } from '../src/stored-runs/spent';
import { StoredRun } from '../src/stored-runs/stored-run';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { LoadedRuns } from './loaded-runs';
import { problemsPerBatch } from './measures';
import { promptBounds } from './prompt-bounds';

/**
 * Absent without a cap. Throws `InvalidRunSpec` for money at endpoints without prices, and for a cap that some action could
 * never be begun under.
 */
export function limitsOf(
  specification: RunSpecification,
  plan: RunPlan,
  found: { tasks: RunTasks; problems: DrawnProblems; prices: (endpoint: string) => Prices | undefined },
): Pick<RunPlan, 'limits'> {
  const caps = capsFrom(specification.limits);
  if (Object.keys(caps).length === 0) return {};
  refuse(pricingProblems(specification, found.prices));
  const { members, rounds } = societySize(specification);
  const bounds = promptBounds(specification, found.tasks, found.problems);
  const scorers = 2 * members + baseModels(specification).length + 1;
  const tokensPerText = Math.max(
    bounds.generation.promptTokens + bounds.generation.completionTokens,
    bounds.critic.promptTokens + bounds.critic.completionTokens,
  );
  const limits: LimitsOfPlan = {
    ...{ caps, bounds, prices: caps.nanoUsd === undefined ? {} : pricesOf(specification, found.prices) },
    summaries: specification.method.summary,
    scores: { textsPerProblem: members * Math.min(2, rounds) * scorers, tokensPerText, problemsPerBatch },
    readingCallsPerProblem: readingCalls(specification, plan),
  };
  refuse(tooSmall(limits, plan));
  return { limits };
}

function refuse(problems: string[]): void {
  if (problems.length > 0) throw new InvalidRunSpec(problems);
}

function pricesOf(specification: RunSpecification, prices: (endpoint: string) => Prices | undefined) {
  return Object.fromEntries(
    endpointsOf(specification).flatMap((endpoint) => {
      const known = prices(endpoint);
      return known === undefined ? [] : [[endpoint, known]];
    }),
  );
}

function readingCalls(specification: RunSpecification, plan: RunPlan): number {
  if (plan.scoring?.includes('critics') !== true) return 0;
  const drawn = drawnPerProblem(evaluationSize(specification), plan);
  return mostCallsPerProblem({ drawn, summary: specification.method.summary });
}

/** Caps under which the run would wait for ever at the first action of some kind. */
function tooSmall(limits: LimitsOfPlan, plan: RunPlan): string[] {
  const { members, rounds, evaluationRounds, voteSamples, ownVoteSamples = 0, furtherAnswers } = plan;
  const samples = { fromSample: members + 1, toSample: Math.max(voteSamples, ownVoteSamples), furtherAnswers };
  const kinds: [string, Spending][] = [
    ['a first answer', worstCall(limits, 'generation')],
    ['a turn', Math.max(rounds, evaluationRounds) > 1 ? worstTurn(limits, { round: 2, members }) : nothing],
    ['the votes beside a debate', worstSamples(limits, samples)],
    ['a batch of scores', (plan.scoring ?? []).some((kind) => kind !== 'critics') ? worstBatch(limits) : nothing],
    ['a problem of the measure `critic-reading`', worstReading(limits)],
    ['a training', plan.trainedAgents.length > 0 && plan.iterations > 0 ? shortestTraining : nothing],
  ];
  const largest = (part: keyof Spending) =>
    kinds.reduce((left, right) => (right[1][part] > left[1][part] ? right : left));
  return (['calls', 'tokens', 'nanoUsd', 'gpuSeconds'] as const).flatMap((part) => {
    const [what, worst] = largest(part);
    if (exceeded({ ...nothing, [part]: worst[part] }, limits.caps).length === 0) return [];
    const { setting, text } = namesOfParts[part];
    return [
      `limits.${setting}: ${text(limits.caps[part] ?? 0)} does not cover ${what}, which may take ${text(worst[part])} ` +
        '(the longest prompt and `maxTokens`): raise it, lower sampling.*.maxTokens, or ask for less beside the debate',
    ];
  });
}

export function createLimitActivities({ store }: ActivityDependencies, loadedRuns: LoadedRuns) {
  /** From the store alone: a history that was lost, or has been continued, changes nothing. */
  async function readSpending({ plan }: { plan: RunPlan }): Promise<SpentSoFar> {
    return withHeartbeats(async () => {
      const { record } = await loadedRuns.run(plan);
      const { limits } = record.plan;
      if (limits === undefined) return { spent: nothing, open: {}, caps: {} };
      const caps = (await latestDecision(plan.runId))?.caps ?? limits.caps;
      return { ...(await spentSoFar(new StoredRun(store, record), limits)), caps };
    });
  }

  /** Stores what was changed, once per update, and returns it with all caps from then on. */
  async function recordLimits({ update, updateId, ...run }: RecordLimitsInput): Promise<LimitsDecision> {
    return withHeartbeats(async () => {
      const { limits } = (await loadedRuns.run(run)).record.plan;
      for (;;) {
        const decisions = await decisionsOf(run.runId);
        const own = decisions.find((each) => each.updateId === updateId);
        if (own !== undefined) return own;
        const latest = decisions.at(-1);
        const number = (latest?.number ?? 0) + 1;
        const caps: Caps = { ...(latest?.caps ?? limits?.caps), ...capsFrom(update.limits) };
        const decision = { ...update, number, updateId, caps, at: new Date().toISOString() };
        const key = runKeys.limitsDecision(run.runId, number);
        const { created, content } = await publishSealed<LimitsDecision>(store, key, decision);
        if (created || content.updateId === updateId) return content;
      }
    });
  }

  /** In their order. */
  async function decisionsOf(runId: string): Promise<LimitsDecision[]> {
    const found: LimitsDecision[] = [];
    for (let number = 1; ; number += 1) {
      const decision = await readSealed<LimitsDecision>(store, runKeys.limitsDecision(runId, number));
      if (decision === undefined) return found;
      found.push(decision);
    }
  }

  async function latestDecision(runId: string): Promise<LimitsDecision | undefined> {
    return (await decisionsOf(runId)).at(-1);
  }

  return { readSpending, recordLimits };
}
