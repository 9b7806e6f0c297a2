/** What one workflow run of `compareMethods` knows and shows. Only bookkeeping; the order of work is in compare-methods.ts. */
import { rootCause, setCurrentDetails, setHandler, workflowInfo, type TemporalFailure } from '@temporalio/workflow';
import type { ComparisonPlan, ComparisonProgress, ComparisonState, FailedRun } from '../src/contract/comparison';
import { searchAttributes } from '../src/contract/names';
import { rootWorkflowId } from '../src/domain/identifiers';
import { progressQuery } from './messages';
import { createPauseGate, type PauseGate } from './pause-gate';
import { setSearchAttribute } from './search-attributes';

/** The argument of a comparison that continue-as-new started; a user's argument is a specification. */
export interface ContinuedComparison {
  continuedComparison: ComparisonState;
}

export function startComparison(input: unknown[]): ComparisonContext {
  return new ComparisonContext(isContinued(input) ? input[0].continuedComparison : undefined);
}

/** Requires both marks, so that no specification can pose as a continuation. */
function isContinued(input: unknown[]): input is [ContinuedComparison] {
  const [first] = input;
  const fromEarlierRun = workflowInfo().continuedFromExecutionRunId !== undefined;
  return fromEarlierRun && typeof first === 'object' && first !== null && 'continuedComparison' in first;
}

type Group = ComparisonPlan['groups'][number];

export class ComparisonContext {
  readonly gate: PauseGate;
  readonly isContinued: boolean;
  private stage: ComparisonProgress['stage'];
  private state: ComparisonState | undefined;

  constructor(state: ComparisonState | undefined) {
    this.state = state;
    this.isContinued = state !== undefined;
    this.stage = state === undefined ? 'resolve' : 'runs';
    const gate = { paused: state?.paused, reason: state?.pauseReason, version: state?.gateVersion };
    this.gate = createPauseGate(gate, () => this.showPause());
    setHandler(progressQuery, () => this.progress());
  }

  get plan(): ComparisonPlan {
    return this.known.plan;
  }

  get failures(): readonly FailedRun[] {
    return this.known.failed;
  }

  get hasMore(): boolean {
    return this.known.nextGroup < this.plan.groups.length;
  }

  begin(plan: ComparisonPlan): void {
    this.state = { plan, nextGroup: 0, finished: 0, failed: [], paused: this.gate.paused };
    this.stage = 'runs';
    this.showPause();
  }

  /** The next groups, at least one, with about this many runs in all. */
  takeGroups(runs: number): Group[] {
    const first = this.known.nextGroup;
    let taken = 0;
    const { groups } = this.plan;
    while (this.hasMore && (taken === 0 || taken + groups[this.known.nextGroup]!.runs.length <= runs)) {
      taken += groups[this.known.nextGroup]!.runs.length;
      this.known.nextGroup += 1;
    }
    return groups.slice(first, this.known.nextGroup);
  }

  succeeded(): void {
    this.known.finished += 1;
    this.show();
  }

  failed(runId: string, error: TemporalFailure): void {
    const reason = rootCause(error) ?? error.message;
    this.known.failed.push({ runId, reason: reason.slice(0, 300) });
    this.show();
  }

  finish(): void {
    this.stage = 'done';
    this.show();
  }

  next(): ComparisonState {
    const { paused, reason, version } = this.gate;
    return { ...this.known, paused, pauseReason: reason, gateVersion: version };
  }

  private get known(): ComparisonState {
    if (this.state === undefined) throw new Error('the comparison has not been resolved yet');
    return this.state;
  }

  private progress(): ComparisonProgress {
    const { plan, finished = 0, failed = [] } = this.state ?? {};
    const total = plan?.groups.reduce((sum, { runs }) => sum + runs.length, 0) ?? 0;
    const { openChildren } = this.gate;
    return {
      comparisonId: plan?.comparisonId ?? '',
      stage: this.stage,
      runs: { done: finished, total, failed },
      openRuns: openChildren.map((workflowId) => workflowId.slice(rootWorkflowId('').length)),
      openChildren,
      paused: this.gate.paused,
      pauseReason: this.gate.reason,
    };
  }

  private showPause(): void {
    if (this.state === undefined) return;
    setSearchAttribute(this.state.plan.searchAttributes, searchAttributes.paused, this.gate.paused);
    this.show();
  }

  private show(): void {
    const { runs, paused, pauseReason } = this.progress();
    const failed = runs.failed.map(({ runId, reason }) => `- ${runId} failed: ${reason}`);
    const now = `**${this.stage}**: ${runs.done} of ${runs.total} runs finished`;
    const why = paused ? [`- **paused**: ${pauseReason ?? 'asked to'}`] : [];
    setCurrentDetails([`- ${now}`, ...why, ...failed].join('\n'));
  }
}
