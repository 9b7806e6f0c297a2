/** What every part of a run answers to `progress`: what it has done, whether it is paused, and its open children. */
import { setHandler } from '@temporalio/workflow';
import type { PartProgress, RunProgress } from '../src/contract/run';
import { progressQuery } from './messages';
import type { PauseGate } from './pause-gate';

/** @param whole Fields that a part started by itself adds, because it is the whole run. */
export function answerProgress(
  gate: PauseGate,
  done: () => Pick<PartProgress, 'problems' | 'counts'>,
  whole: Partial<RunProgress> = {},
): void {
  setHandler(progressQuery, () => ({
    ...whole,
    ...done(),
    paused: gate.paused,
    pauseReason: gate.reason,
    openChildren: gate.openChildren,
  }));
}
