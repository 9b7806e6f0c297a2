/** What paid actions take at most, from the bounds of a plan; and what they took, unknown usage as the bound. */
import type { CallCosts } from '../contract/costs';
import type { Prices } from '../contract/comparison';
import type { BoundedRole, CallBound, LimitsOfPlan, Spending } from '../contract/limits';
import type { CallCounts, FurtherAnswers } from '../contract/run';
import { addCounts } from './counts';
import { mostSamples } from './further-answers';
import { summariserName } from './costs';
import { memberNumbers } from './identifiers';
import { larger, nothing, plus, times } from './spending';

const nanoUsdPerToken = (perMillion: number) => perMillion * 1000;

/** One call of a role, at the dearest endpoint that is asked. */
export function worstCall({ bounds, prices }: LimitsOfPlan, role: BoundedRole): Spending {
  return spendingOn(bounds[role], { calls: 1, prices: dearest(prices) });
}

/** One member's turn in a round. */
export function worstTurn(limits: LimitsOfPlan, { round, members }: { round: number; members: number }): Spending {
  if (round === 1) return worstCall(limits, 'generation');
  const hasSummary = limits.summaries && members > 1;
  return plus(worstCall(limits, 'critic'), hasSummary ? worstCall(limits, 'summariser') : nothing);
}

/** The calls beside one problem's debate. */
export function worstSamples(
  limits: LimitsOfPlan,
  {
    fromSample,
    toSample,
    furtherAnswers = {},
  }: { fromSample: number; toSample: number; furtherAnswers?: FurtherAnswers | undefined },
): Spending {
  const { atEqualTokens = false, temperatures = [] } = furtherAnswers;
  const samples = Math.max(toSample, atEqualTokens ? mostSamples : 0) - fromSample + 1;
  return times(worstCall(limits, 'generation'), Math.max(0, samples) + temperatures.length);
}

/** One batch of problems that is scored. */
export function worstBatch({ scores, prices }: LimitsOfPlan): Spending {
  const { textsPerProblem, tokensPerText, problemsPerBatch } = scores;
  const texts = textsPerProblem * problemsPerBatch;
  return spendingOn(
    { promptTokens: tokensPerText * texts, completionTokens: 0 },
    { calls: texts, prices: dearest(prices) },
  );
}

/** One problem on which critics are measured. */
export function worstReading(limits: LimitsOfPlan): Spending {
  const calls = (['generation', 'critic', 'summariser'] as const).map((role) => worstCall(limits, role));
  const dearestCall = calls.reduce((left, right) => (right.tokens > left.tokens ? right : left));
  return times(dearestCall, limits.readingCallsPerProblem);
}

/** What a training is granted at least: less would go into loading the model. */
export const shortestTraining: Spending = { ...nothing, gpuSeconds: 120 };

/** The largest single step of a debate, and all of `problems` debates. */
export function worstDebates(
  limits: LimitsOfPlan,
  debate: Omit<Parameters<typeof worstSamples>[1], 'fromSample'> & {
    members: number;
    rounds: number;
    hints: boolean;
    problems: number;
  },
): { step: Spending; all: Spending } {
  const { members, rounds, hints, problems } = debate;
  const turns = memberNumbers(rounds).map((round) => worstTurn(limits, { round, members }));
  const samples = worstSamples(limits, { ...debate, fromSample: members + 1 });
  const hinted = times(worstCall(limits, 'generation'), hints ? members : 0);
  return {
    step: [...turns, samples, hinted].reduce(larger),
    all: times(plus(...turns.map((turn) => times(turn, members)), samples, hinted), problems),
  };
}

/** What calls took; a call whose usage is unknown took its bound, one whose endpoint is unknown was the dearest. */
export function chargedFor(limits: LimitsOfPlan, costs: readonly CallCosts[]): Spending {
  return plus(nothing, ...costs.map((cost) => chargedBy(limits, cost)));
}

function chargedBy(limits: LimitsOfPlan, { agent, endpoint, kept, again }: CallCosts): Spending {
  const asked = addCounts(kept, again);
  const { withoutPromptTokens = 0, withoutCompletionTokens = 0 } = asked;
  const bound = boundOf(limits, agent);
  const tokens = {
    promptTokens: asked.promptTokens + withoutPromptTokens * bound.promptTokens,
    completionTokens: asked.completionTokens + withoutCompletionTokens * bound.completionTokens,
  };
  const prices = (endpoint === null ? undefined : limits.prices[endpoint]) ?? dearest(limits.prices);
  return spendingOn(tokens, { calls: asked.calls, prices });
}

function boundOf(limits: LimitsOfPlan, agent: string): CallBound {
  if (agent === summariserName) return limits.bounds.summariser;
  if (agent.startsWith('critic-')) return limits.bounds.critic;
  if (!agent.endsWith(' scores')) return limits.bounds.generation;
  return { promptTokens: worstBatch(limits).tokens, completionTokens: 0 };
}

function spendingOn(
  tokens: Pick<CallCounts, 'promptTokens' | 'completionTokens'>,
  { calls, prices }: { calls: number; prices: Prices | undefined },
): Spending {
  const { promptTokens, completionTokens } = tokens;
  const { promptPerMillion = 0, completionPerMillion = 0 } = prices ?? {};
  const nanoUsd =
    promptTokens * nanoUsdPerToken(promptPerMillion) + completionTokens * nanoUsdPerToken(completionPerMillion);
  return { calls, tokens: promptTokens + completionTokens, nanoUsd: Math.ceil(nanoUsd), gpuSeconds: 0 };
}

/** The highest price of each kind of token. */
function dearest(prices: Readonly<Record<string, Prices>>): Prices | undefined {
  const all = Object.values(prices);
  if (all.length === 0) return undefined;
  return {
    promptPerMillion: Math.max(...all.map(({ promptPerMillion }) => promptPerMillion)),
    completionPerMillion: Math.max(...all.map(({ completionPerMillion }) => completionPerMillion)),
    currency: 'USD',
  };
}
