/** Queries, signals and updates of all workflows. Names are a contract (docs/architecture.md, Names). */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ComparisonProgress } from '../src/contract/comparison';
import type { AllowanceGranted, AllowanceNeeded, SetLimitsInput } from '../src/contract/limits';
import type { ApprovalInput } from '../src/contract/promotion';
import type { PartProgress, RunProgress } from '../src/contract/run';

/** What is done, what is open. A run answers `RunProgress`, its children `PartProgress`, a comparison its own. */
export const progressQuery = defineQuery<RunProgress | PartProgress | ComparisonProgress>('progress');

/**
 * Nothing new starts; calls in flight end. The reason is shown to people. A part that pauses itself adds the version of the
 * gate it knew, so that its run can tell trouble of before the last resume; people leave that out.
 */
export const pauseSignal = defineSignal<[reason?: string, heard?: number]>('pause');

export const resumeSignal = defineSignal('resume');

/** What a run tells its children, and they theirs. Not for people: they signal the run. */
export interface GateState {
  /** Rises with every change, because signals may overtake each other. */
  version: number;
  paused: boolean;
  reason?: string;
}

export const gateSignal = defineSignal<[GateState]>('gate');

/** A part asks the workflow above for more than it was granted, and is answered. Not for people. */
export const needAllowanceSignal = defineSignal<[AllowanceNeeded]>('needAllowance');
export const allowanceSignal = defineSignal<[AllowanceGranted]>('allowance');

/** Changes what a run with limits may spend. Returns what holds from now on. */
export const setLimitsUpdate = defineUpdate<string, [SetLimitsInput]>('setLimits');

/** People's answer to a run of a line with the gate `approval`; refused unless the run asks. Returns what was decided. */
export const approveUpdate = defineUpdate<string, [ApprovalInput]>('approve');
export const rejectUpdate = defineUpdate<string, [ApprovalInput]>('reject');
