/**
 * What a workflow of a run with limits may still spend. A run's purse has the caps; a part's has what the one above granted it
 * at its start, and asks for more when its next action does not fit. Nothing begins before its worst case is held.
 * Runs without limits have no purse, and the commands they always had.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Allowance, AllowanceNeeded, Caps, LimitsOfPlan, LimitsProgress, Spending } from '../src/contract/limits';
import type { CallAllowance } from '../src/contract/run';
import { Account } from '../src/domain/account';
import { capsOf, minus, nothing, plus, times, type SpendingPart } from '../src/domain/spending';
import { allowanceSignal, needAllowanceSignal } from './messages';

export interface Purse {
  readonly limits: LimitsOfPlan;
  readonly account: Account;
  /**
   * Holds the worst case of an action, performs it, and settles what it took. `allowed` is how often each of its calls may be
   * charged for: one more is held whenever the action says that a lost call has used that up.
   */
  paying<Result extends Paid>(
    bill: string,
    worst: Spending,
    perform: (allowed: number) => Promise<Result>,
  ): Promise<Result>;
  /** Opens a part with a share of what is left, at least `needs`, and closes its bill with what it says that it cost. */
  withPart<Result>(
    part: Omit<Waiting, 'bill' | 'grant'> & { id: string; charged: (result: Result) => Spending | undefined },
    perform: (allowance: Allowance) => Promise<Result>,
  ): Promise<Result>;
  /** Of the next action that waits: what it exceeds while nothing is in flight that could give something back. */
  readonly stuckAt: { needs: Spending; parts: SpendingPart[] } | undefined;
  /** The limit has changed: what waits and fits goes on. */
  serve(): void;
  progress(): LimitsProgress;
}

interface Paid {
  /** What it and earlier attempts took in all; absent: unknown, and counted as the worst case. */
  charged?: Spending;
}

interface Waiting {
  bill: string;
  needs: Spending;
  wants: Spending;
  /** Called with what is granted, which is held already. */
  grant: (amount: Spending) => void;
  /** How many equal shares of what is left this may take one of. */
  shares: number;
}

interface OpenPart {
  limit: Caps;
  shares: number;
  grants: number;
  /** What it has asked for and not been granted yet. */
  asked?: AllowanceNeeded | undefined;
}

export function createPurse(limits: LimitsOfPlan, account: Account): Purse {
  const waiting: Waiting[] = [];
  const parts = new Map<string, OpenPart>();
  let inFlight = 0;

  const serve = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const { bill, needs, wants, grant, shares } = next;
      if (account.exceededBy(bill, needs).length > 0) return;
      waiting.shift();
      const amount = account.shareOf(needs, wants, shares);
      account.hold(bill, amount);
      grant(amount);
    }
  };

  /** @param begin Called in the very step in which it is granted: from then on something is in flight. */
  const granted = async (asked: Omit<Waiting, 'grant'>, begin: (amount: Spending) => void): Promise<void> => {
    let isGranted = false;
    const grant = (amount: Spending) => {
      isGranted = true;
      begin(amount);
    };
    waiting.push({ ...asked, grant });
    serve();
    await condition(() => isGranted);
  };

  setHandler(needAllowanceSignal, (asked: AllowanceNeeded) => {
    const part = parts.get(asked.part);
    if (part === undefined || part.asked !== undefined || asked.heard < part.grants) return;
    part.asked = asked;
    account.giveBack(asked.part, asked.used);
    waiting.push(moreFor(asked.part, part, asked));
    serve();
  });

  const moreFor = (id: string, part: OpenPart, { used, needs, wants }: AllowanceNeeded): Waiting => ({
    bill: id,
    ...{ needs, wants, shares: part.shares },
    grant: (amount) => {
      part.asked = undefined;
      part.grants += 1;
      part.limit = capsOf(account.caps, (each) => used[each] + amount[each]);
      const message = { grants: part.grants, limit: part.limit };
      // A part that has just closed needs nothing any more.
      void getExternalWorkflowHandle(id)
        .signal(allowanceSignal, message)
        .catch(() => undefined);
    },
  });

  return {
    limits,
    account,
    serve,
    async paying(bill, worst, perform) {
      account.open(bill);
      const need = { bill, needs: worst, wants: worst, shares: 1 };
      const begin = () => {
        inFlight += 1;
      };
      await granted(need, begin);
      for (let allowed = 1; ;) {
        try {
          const result = await perform(allowed);
          account.settle(bill, times(worst, allowed), result.charged ?? times(worst, allowed));
          inFlight -= 1;
          serve();
          return result;
        } catch (error) {
          inFlight -= 1;
          if (isAllowanceSpent(error)) {
            await granted(need, begin);
            allowed += 1;
            continue;
          }
          // What it took is known when the part is closed; until then it counts as the most that it can have taken.
          account.settle(bill, times(worst, allowed), times(worst, allowed));
          serve();
          throw error;
        }
      }
    },
    async withPart({ id, needs, wants, shares, charged }, perform) {
      const { spent, below } = account.open(id);
      const part: OpenPart = { limit: {}, shares, grants: 0 };
      await granted({ bill: id, needs: plus(spent, needs), wants: plus(spent, wants), shares }, (amount) => {
        part.limit = capsOf(account.caps, (each) => amount[each]);
        parts.set(id, part);
      });
      try {
        const result = await perform({ limit: part.limit, before: below });
        account.close(id, charged(result));
        return result;
      } finally {
        parts.delete(id);
        serve();
      }
    },
    get stuckAt() {
      const [next] = waiting;
      if (next === undefined || inFlight > 0) return undefined;
      const open = [...parts.values()];
      if (open.some(({ asked }) => asked === undefined)) return undefined;
      const exceeding = account.exceededBy(next.bill, next.needs);
      return exceeding.length === 0 ? undefined : { needs: next.needs, parts: exceeding };
    },
    progress: () => {
      const reserved = account.reserved();
      return { caps: account.caps, spent: minus(account.used(), reserved), reserved };
    },
  };
}

/** Activities say so in the type of their failure: every call that was held for has been charged for, or may have been. */
function isAllowanceSpent(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return false;
  return error.cause.type === 'AllowanceSpent';
}

/** Pays for an action of a run with limits; any other is just performed. */
export function payingFor<Result extends Paid>(
  purse: Purse | undefined,
  { bill, worst }: { bill: string; worst: (limits: LimitsOfPlan) => Spending },
  perform: (allowance: CallAllowance) => Promise<Result>,
): Promise<Result> {
  if (purse === undefined) return perform({});
  return purse.paying(bill, worst(purse.limits), (allowed) => perform({ allowed }));
}

/**
 * The purse of a part, which asks the workflow above for more. Call before anything is awaited.
 * @param atOnce How many actions may be in flight: what it asks for where one does not fit.
 */
export function createPartPurse(
  limits: LimitsOfPlan | undefined,
  allowance: Allowance | undefined,
  atOnce: number,
): Purse | undefined {
  if (limits === undefined || allowance === undefined) return undefined;
  const account = new Account(allowance.limit, {
    before: allowance.before,
    spent: plus(nothing, ...Object.values(allowance.before)),
  });
  const purse = createPurse(limits, account);
  let heard = 0;
  setHandler(allowanceSignal, ({ grants, limit }) => {
    if (grants <= heard) return;
    heard = grants;
    account.setLimit(limit);
    purse.serve();
  });
  void askForMore(purse, { heard: () => heard, atOnce }).catch(unlessCancelled);
  return purse;
}

async function askForMore(purse: Purse, { heard, atOnce }: { heard: () => number; atOnce: number }): Promise<void> {
  const { workflowId, parent } = workflowInfo();
  if (parent === undefined) return;
  const above = getExternalWorkflowHandle(parent.workflowId);
  for (;;) {
    await condition(() => purse.stuckAt !== undefined);
    if (purse.stuckAt === undefined) continue;
    const { needs } = purse.stuckAt;
    const used = purse.account.used();
    purse.account.setLimit(capsOf(purse.account.caps, (part) => used[part]));
    const asked = { part: workflowId, heard: heard(), used, needs, wants: times(needs, atOnce) };
    await above.signal(needAllowanceSignal, asked);
    await condition(() => heard() > asked.heard);
  }
}

/** A workflow that is cancelled asks for nothing more. */
function unlessCancelled(error: unknown): void {
  if (!isCancellation(error)) throw error;
}
