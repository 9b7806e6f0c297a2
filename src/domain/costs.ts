/** Arithmetic of ledgers: entries that are added up by what is asked for, and what they cost. */
import type { CallCosts, LedgerEntry, TrainingCosts } from '../contract/costs';
import type { Prices } from '../contract/comparison';
import type { CallCounts } from '../contract/run';
import type { Society } from '../contract/society';
import type { RunSpecification } from '../contract/specification';
import { addCounts, isLowerBound, noCounts } from './counts';
import { evaluateWorkflowId } from './identifiers';
import { priceOf } from './money';

/** Named in entries for what the summariser wrote, whoever it was for. */
export const summariserName = 'summariser';

/** Names scores and revisions of an iteration where a run's parts are told apart; they are no workflow of their own. */
export const measuresPart = (runId: string, iteration: number): string =>
  `${evaluateWorkflowId(runId, iteration)}/measures`;

/** The agent of a completion by the name of its file: `critic-1`, `critic-1.summary`, `generation-1.sample-4`, `sample-10`. */
export function agentOfFile(name: string): string {
  if (name.endsWith('.summary')) return summariserName;
  return /^(?:generation|critic)-\d+/.exec(name)?.[0] ?? name;
}

/** The endpoint that all calls of a society and its summariser go to; null if there are several. */
export function onlyEndpointOf({ model }: Pick<RunSpecification, 'model'>, agents: Society['agents']): string | null {
  const asked = new Set([model.endpoint, ...Object.values(agents).map(({ endpoint }) => endpoint)]);
  return asked.size === 1 ? model.endpoint : null;
}

/** Sums of entries with the same key, in the order of their first one. */
export function addedUp<Entry extends CallCosts>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
): { key: string; first: Entry; costs: CostSum }[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups].map(([key, group]) => ({ key, first: group[0]!, costs: sumOf(group) }));
}

export type CostSum = Pick<CallCosts, 'kept' | 'again' | 'adopted'> & { training?: TrainingCosts };

export function sumOf(entries: readonly (CallCosts & { training?: TrainingCosts })[]): CostSum {
  const of = (part: 'kept' | 'again' | 'adopted') => addCounts(noCounts, ...entries.map((entry) => entry[part]));
  const trainings = entries.flatMap(({ training }) => training ?? []);
  const total = (part: keyof TrainingCosts) => trainings.reduce((sum, training) => sum + training[part], 0);
  const training = {
    attempts: total('attempts'),
    seconds: total('seconds'),
    secondsAgain: total('secondsAgain'),
    secondsUnknown: total('secondsUnknown'),
    tokens: total('tokens'),
  };
  return { kept: of('kept'), again: of('again'), adopted: of('adopted'), ...(trainings.length > 0 && { training }) };
}

/** Money by currency, and the calls whose price or whose tokens are not known: their money comes on top. */
export interface MoneySum {
  known: Record<string, number>;
  unknownCalls: number;
}

/** Of what was asked for here, kept or not. Trainings have no price. */
export function moneyOf(entries: readonly LedgerEntry[], prices: (endpoint: string) => Prices | undefined): MoneySum {
  const sum: MoneySum = { known: {}, unknownCalls: 0 };
  for (const { kind, endpoint, kept, again } of entries) {
    if (kind === 'training') continue;
    const asked = addCounts(kept, again);
    const price = endpoint === null ? undefined : prices(endpoint);
    sum.unknownCalls += price === undefined ? asked.calls : callsWithoutUsage(asked);
    if (price === undefined) continue;
    sum.known[price.currency] = (sum.known[price.currency] ?? 0) + priceOf(asked, price);
  }
  return sum;
}

function callsWithoutUsage(counts: CallCounts): number {
  const { withoutPromptTokens = 0, withoutCompletionTokens = 0 } = counts;
  return isLowerBound(counts) ? Math.max(withoutPromptTokens, withoutCompletionTokens) : 0;
}
