/** A ledger as a table: what was asked for, what of it was asked again, and what it cost as far as prices are known. */
import type { LedgerEntry } from '../contract/costs';
import type { Prices } from '../contract/comparison';
import { addedUp, moneyOf, sumOf, type CostSum, type MoneySum } from '../domain/costs';
import { addCounts } from '../domain/counts';
import { count, duration, money } from '../pages/numbers';
import { table, type Column } from '../pages/page';
import { completionTokensText, promptTokensText } from './known-costs';

/** What rows may be made by. */
export const ledgerGroupings = ['stage', 'iteration', 'agent', 'endpoint', 'run'] as const;
export type LedgerGrouping = (typeof ledgerGroupings)[number];

/** An entry, and the run whose ledger it is in. */
export type EntryOfRun = LedgerEntry & { runId: string };

/** One row, as `maft costs --json` prints it. */
export interface LedgerRow extends CostSum {
  name: string;
  money: MoneySum;
}

export function ledgerRows(
  entries: readonly EntryOfRun[],
  by: LedgerGrouping,
  prices: (endpoint: string) => Prices | undefined,
): { rows: LedgerRow[]; total: LedgerRow } {
  const nameOf = (entry: EntryOfRun) => nameBy(entry, by);
  const rows = addedUp(entries, nameOf).map(({ key, costs }) => {
    const own = entries.filter((entry) => nameOf(entry) === key);
    return { name: key, ...costs, money: moneyOf(own, prices) };
  });
  return { rows, total: { name: 'together', ...sumOf(entries), money: moneyOf(entries, prices) } };
}

function nameBy(entry: EntryOfRun, by: LedgerGrouping): string {
  switch (by) {
    case 'stage':
      return `${entry.stage}${entry.kind === 'score' || entry.kind === 'embedding' ? `: ${entry.kind}s` : ''}`;
    case 'iteration':
      return `iteration ${entry.iteration}`;
    case 'endpoint':
      return entry.kind === 'training' ? `trainer ${entry.endpoint ?? ''}` : (entry.endpoint ?? 'unknown');
    case 'agent':
      return entry.agent;
    case 'run':
      return entry.runId;
  }
}

export function ledgerTable({ rows, total }: ReturnType<typeof ledgerRows>, by: LedgerGrouping) {
  const hasAgain = total.again.calls > 0;
  const hasAdopted = total.adopted.calls > 0;
  const hasTrainings = total.training !== undefined;
  const columns: Column<LedgerRow>[] = [
    { head: by, of: ({ name }) => name },
    { head: 'n (calls)', of: ({ kept }) => count(kept.calls) },
    { head: 'prompt tokens', of: ({ kept }) => promptTokensText(kept) },
    { head: 'completion tokens', of: ({ kept }) => completionTokensText(kept) },
    ...(hasAgain
      ? [
          { head: 'calls not kept', of: ({ again }: LedgerRow) => count(again.calls) },
          { head: 'their tokens', of: ({ again }: LedgerRow) => (again.calls === 0 ? '0' : allTokens(again)) },
        ]
      : []),
    ...(hasAdopted ? [{ head: 'adopted', of: ({ adopted }: LedgerRow) => count(adopted.calls) }] : []),
    ...(hasTrainings ? [{ head: 'training', of: trainingText }] : []),
    { head: 'money', of: (row) => moneyText(row) },
  ];
  return table<LedgerRow>({
    caption: caption({ hasAgain, hasAdopted, hasTrainings }),
    columns,
    groups: [{ rows, totals: [total] }],
  });
}

function caption(has: { hasAgain: boolean; hasAdopted: boolean; hasTrainings: boolean }): string {
  const sentences = [
    'n: calls whose answer was kept.',
    has.hasAgain
      ? 'Not kept: killed in flight, failed, repeated, or still under way; they were charged for, or may have been, and are in the money.'
      : '',
    has.hasAdopted ? 'Adopted: asked by another run; they cost nothing here.' : '',
    has.hasTrainings ? 'Training: time that trainings held a device, + what was trained or loaded twice.' : '',
    'Money: at the prices in config.yaml now; trainings have none.',
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

function allTokens(counts: LedgerRow['again']): string {
  const sum = addCounts(counts);
  const { withoutPromptTokens = 0, withoutCompletionTokens = 0 } = sum;
  const without = Math.max(withoutPromptTokens, withoutCompletionTokens);
  const known = count(sum.promptTokens + sum.completionTokens);
  if (without === 0) return known;
  return without >= sum.calls ? 'unknown' : `≥\u00a0${known}`;
}

function trainingText({ training }: LedgerRow): string | null {
  if (training === undefined) return null;
  const again = training.secondsAgain >= 0.05 ? ` + ${duration(training.secondsAgain)}` : '';
  return `${duration(training.seconds)}${again}`;
}

/** `1.20 USD`; `≥ 1.20 USD` if the price or the tokens of some calls are unknown, `unknown` if those of all are. */
export function moneyText({ kept, again, money: { known, unknownCalls } }: LedgerRow): string | null {
  const asked = kept.calls + again.calls;
  if (asked === 0) return null;
  if (unknownCalls >= asked) return 'unknown';
  const text = Object.entries(known)
    .map(([currency, value]) => money(value, currency))
    .join(' + ');
  return unknownCalls === 0 ? text : `≥\u00a0${text}`;
}
