/** People's approval of a promotion: the updates `approve` and `reject`, which are refused unless the run asks. */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { Approval } from '../src/contract/line';
import type { ApprovalInput, OpenApproval } from '../src/contract/promotion';
import type { PlanOfLine } from '../src/contract/run';
import { approveUpdate, rejectUpdate } from './messages';
import { fieldsOf, reasonLine } from './signal-input';

export interface ApprovalDesk {
  /** What people are asked now; undefined if nothing. */
  readonly open: OpenApproval | undefined;
  /** Waits for people, or until their time has passed; never longer than to the run's deadline. */
  ask(question: string, plan: PlanOfLine, deadline: number | undefined): Promise<Approval>;
}

/**
 * Installs the handlers of both updates. Call before anything is awaited.
 *
 * @param onChange Called when the question is asked and when it is answered.
 */
export function createApprovalDesk(onChange: () => void): ApprovalDesk {
  let open: OpenApproval | undefined;
  let answer: Approval | undefined;
  const validator = (input: unknown): void => {
    if (open === undefined || answer !== undefined)
      throw ApplicationFailure.nonRetryable('the run asks for no approval now', 'NothingToApprove');
    approvalInput(input);
  };
  const handler = (approved: boolean) => (input: ApprovalInput) => {
    answer = { approved, ...approvalInput(input) };
    return approved ? 'approved' : 'rejected';
  };
  setHandler(approveUpdate, handler(true), { validator });
  setHandler(rejectUpdate, handler(false), { validator });

  return {
    get open() {
      return open;
    },
    async ask(question, { approveWithinMs, otherwise }, deadline) {
      const until = Math.min(Date.now() + approveWithinMs, deadline ?? Infinity);
      open = { question, until: new Date(until).toISOString(), otherwise };
      onChange();
      const isAnswered = await condition(() => answer !== undefined, Math.max(1, until - Date.now()));
      open = undefined;
      onChange();
      if (isAnswered && answer !== undefined) return answer;
      const isLate = until === deadline;
      const why = `no answer came in time, and promotion.otherwise is "${otherwise}"`;
      const by = `the passing of ${isLate ? 'limits.deadline' : 'promotion.approveWithin'}`;
      return { approved: otherwise === 'approve', by, why };
    },
  };
}

/** Updates may contain anything. Throws for one that does not say who and why. */
function approvalInput(input: unknown): ApprovalInput {
  const given = fieldsOf(input);
  const [by, why] = [given.by, given.why].map((value) => (typeof value === 'string' ? reasonLine(value) : undefined));
  if (by !== undefined && why !== undefined) return { by, why };
  throw ApplicationFailure.nonRetryable(
    'an approval must be {"by": "who", "why": "a reason"}, both of them texts that are not empty',
    'InvalidApproval',
  );
}
