/** What a run with limits has spent, from its ledger: in all, and of the parts that a new start will walk through again. */
import type { LimitsOfPlan, Spending } from '../contract/limits';
import type { LedgerEntry } from '../contract/costs';
import { finetuneWorkflowId } from '../domain/identifiers';
import { nothing, plus } from '../domain/spending';
import { chargedFor } from '../domain/worst-case';
import { readLedger } from './ledger';
import type { StoredRun } from './stored-run';

/** Amounts by the workflow id of the part, without those of closed shards. */
export async function spentSoFar(
  run: StoredRun,
  limits: LimitsOfPlan,
): Promise<{ spent: Spending; open: Record<string, Spending> }> {
  const entries = await readLedger(run);
  const open: Record<string, Spending> = {};
  for (const entry of entries) {
    const part = partOf(run, entry);
    if (part !== undefined) open[part] = plus(open[part] ?? nothing, spendingOf(limits, entry));
  }
  return { spent: plus(nothing, ...entries.map((entry) => spendingOf(limits, entry))), open };
}

/** Trainings that have no end may have held their device until the next sign of life. */
export function spendingOf(limits: LimitsOfPlan, entry: LedgerEntry): Spending {
  const { training } = entry;
  if (training !== undefined)
    return { ...nothing, gpuSeconds: Math.ceil(training.seconds + training.secondsAgain + training.secondsUnknown) };
  return chargedFor(limits, [entry]);
}

/** Undefined if what it belongs to is closed, and not opened again. */
function partOf({ record: { runId } }: StoredRun, { part, kind, iteration, agent }: LedgerEntry): string | undefined {
  return kind === 'training' ? `${finetuneWorkflowId(runId, iteration)}/${agent}` : part;
}
