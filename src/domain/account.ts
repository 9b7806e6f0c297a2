/**
 * What may still be spent. Nothing is begun unless its worst case is held here first; what it took in the end takes the place
 * of that. One account stands in every workflow that spends: a run's has its caps as limit, a part's what the one above has
 * granted it. Pure: workflows keep one, and replay the same sums (docs/decisions, 29).
 */
import type { Caps, Spending } from '../contract/limits';
import {
  atLeastNothing,
  between,
  capsOf,
  exceeded,
  larger,
  leftOf,
  minus,
  nothing,
  plus,
  type SpendingPart,
} from './spending';

/** What is counted together: a problem of a shard, or a part of a run. */
interface Bill {
  /** Spent for it before this start of the run; what it finds stored is that, and costs nothing again. */
  before: Spending;
  settled: Spending;
  held: Spending;
}

export class Account {
  private readonly bills = new Map<string, Bill>();
  private readonly before: Map<string, Spending>;
  /** Of what has no bill: closed, or not opened again yet. */
  private rest: Spending;

  /**
   * @param spent What was spent before, all in all.
   * @param before The part of it that bills will continue, by id, and by ids below those (`id/…`).
   */
  constructor(
    private limit: Caps,
    { spent = nothing, before = {} }: { spent?: Spending; before?: Readonly<Record<string, Spending>> } = {},
  ) {
    this.before = new Map(Object.entries(before));
    this.rest = spent;
  }

  get caps(): Caps {
    return this.limit;
  }

  /** Opens a bill, and returns what was spent for it and below it before. */
  open(id: string): { spent: Spending; below: Record<string, Spending> } {
    const known = this.bills.get(id);
    if (known !== undefined) return { spent: known.before, below: {} };
    const below = [...this.before].filter(([each]) => each === id || each.startsWith(`${id}/`));
    below.forEach(([each]) => this.before.delete(each));
    const spent = plus(nothing, ...below.map(([, amount]) => amount));
    this.rest = minus(this.rest, spent);
    this.bills.set(id, { before: spent, settled: nothing, held: nothing });
    return { spent, below: Object.fromEntries(below) };
  }

  /** What of the spending before belongs to which bill, if that becomes known later. */
  expect(before: Readonly<Record<string, Spending>>): void {
    Object.entries(before).forEach(([id, amount]) => this.before.set(id, amount));
  }

  /** What would be used beyond now if this were held. */
  costOf(id: string, amount: Spending): Spending {
    const bill = this.bills.get(id) ?? { before: nothing, settled: nothing, held: nothing };
    return minus(usedBy({ ...bill, held: plus(bill.held, amount) }), usedBy(bill));
  }

  /** The limited parts that it would exceed; empty if it fits. */
  exceededBy(id: string, amount: Spending): SpendingPart[] {
    return exceeded(this.costOf(id, amount), this.left());
  }

  hold(id: string, amount: Spending): void {
    const bill = this.billOf(id);
    bill.held = plus(bill.held, amount);
  }

  /** Between need and want, as `between`, of at most one of `shares` equal shares of what is left. */
  shareOf(needs: Spending, wants: Spending, shares: number): Spending {
    return between(
      needs,
      wants,
      capsOf(this.left(), (_, left) => Math.floor(Math.max(0, left) / shares)),
    );
  }

  /** What was held took this much. */
  settle(id: string, held: Spending, charged: Spending): void {
    const bill = this.billOf(id);
    bill.held = minus(bill.held, held);
    bill.settled = plus(bill.settled, charged);
  }

  /** A part has used this much, and gives back the rest of what was held for it. */
  giveBack(id: string, used: Spending): void {
    Object.assign(this.billOf(id), { settled: used, held: nothing });
  }

  /** Closes a bill, whose costs are known now; absent: what it had cost before. */
  close(id: string, charged?: Spending): void {
    const bill = this.billOf(id);
    this.rest = plus(this.rest, charged ?? bill.before);
    this.bills.delete(id);
  }

  /** New caps of a run; of a part, which is only ever granted more, the larger ones. */
  setLimit(limit: Caps): void {
    this.limit = limit;
  }

  /** Spent or held. */
  used(): Spending {
    return plus(this.rest, ...[...this.bills.values()].map(usedBy));
  }

  /** Held for what is in flight. */
  reserved(): Spending {
    return plus(
      nothing,
      ...[...this.bills.values()].map((bill) => minus(usedBy(bill), usedBy({ ...bill, held: nothing }))),
    );
  }

  left(): Caps {
    return leftOf(this.limit, this.used());
  }

  private billOf(id: string): Bill {
    const known = this.bills.get(id);
    if (known === undefined) throw new Error(`no bill ${id} is open`);
    return known;
  }
}

/**
 * A bill's rounds, samples and batches are walked in the order in which they were walked before, so until it has cost as much
 * as before all it settles is found and not paid.
 */
function usedBy({ before, settled, held }: Bill): Spending {
  return atLeastNothing(larger(before, plus(settled, held)));
}
