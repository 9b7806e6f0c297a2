/** A ledger that keeps what it is told, and refuses or holds as a test asks. */
import type { Ledger, PaidAction, PaidCost } from '../../src/ports';

export class RecordingLedger implements Ledger {
  readonly entries: (PaidAction & PaidCost)[] = [];
  admitted = 0;
  refusal: (action: PaidAction) => Error | undefined = () => undefined;
  held: Promise<void> = Promise.resolve();

  async admit(action: PaidAction): Promise<void> {
    await this.held;
    const refusal = this.refusal(action);
    if (refusal !== undefined) throw refusal;
    this.admitted += 1;
  }

  async enter(action: PaidAction, cost: PaidCost): Promise<void> {
    this.entries.push({ ...action, ...cost });
  }

  of(kind: PaidAction['kind']): (PaidAction & PaidCost)[] {
    return this.entries.filter((entry) => entry.kind === kind);
  }
}
