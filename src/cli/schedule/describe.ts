/** Schedules in words, for people. */
import type { ScheduleDescription, ScheduleSummary } from '@temporalio/client';
import { describeTimes } from '../../runs/schedule-times';
import { factsOf, type ScheduleChange } from '../../runs/schedules';
import { runIdOf } from '../../domain/digests';
import type { AppliedSchedule } from './apply';

/** For `--json`: what the server knows of a schedule, without the runs' specification. */
export interface ScheduleView {
  id: string;
  when: string;
  paused: boolean;
  note: string | null;
  /** ISO 8601, UTC; at most ten. */
  next: string[];
  /** The newest runs, newest last. */
  runs: string[];
}

export function viewOf({ scheduleId, spec, state, info }: ScheduleSummary | ScheduleDescription): ScheduleView {
  return {
    id: scheduleId,
    when: spec === undefined ? 'unknown' : describeTimes(spec),
    paused: state.paused,
    note: state.note || null,
    next: info.nextActionTimes.map((time) => time.toISOString()),
    runs: info.recentActions.map(({ action }) => runIdOf(action.workflow.workflowId)),
  };
}

/** One line. */
export function describeSchedule({ id, when, paused, note, next, runs }: ScheduleView): string {
  const parts = [
    `${id}: ${when}`,
    paused ? `PAUSED${note === null ? '' : `: ${note}`}` : `next ${next[0] ?? 'never'}`,
    runs.length === 0 ? 'no run yet' : `last run ${runs.at(-1)}`,
  ];
  return parts.join(' · ');
}

export interface DetailedView extends ScheduleView {
  facts: Record<string, string>;
  open: string[];
  started: number;
  /** Starts that were left out because a run was still open, or because the server was down for too long. */
  skipped: { overlap: number; missed: number };
}

export function detailedView(description: ScheduleDescription): DetailedView {
  const { info } = description;
  return {
    ...viewOf(description),
    facts: factsOf(description),
    open: info.runningActions.map(({ workflow }) => runIdOf(workflow.workflowId)),
    started: info.numActionsTaken,
    skipped: { overlap: info.numActionsSkippedOverlap, missed: info.numActionsMissedCatchupWindow },
  };
}

export function describeDetails(view: DetailedView): string {
  const { facts, open, started, skipped, next, runs } = view;
  const rows = [
    describeSchedule(view),
    `  started    ${started}; left out: ${skipped.overlap} because a run was open, ${skipped.missed} because the server was down`,
    `  open       ${open.join(', ') || 'none'}`,
    `  runs       ${runs.join(', ') || 'none yet'}`,
    `  next       ${next.slice(0, 3).join(', ') || 'never'}`,
    ...Object.entries(facts).map(([field, value]) => `  ${field}=${value}`),
  ];
  return rows.join('\n');
}

/** What was or would be done, with a line for every fact that differs. */
export function describeApplied({ id, outcome, changes, notes }: AppliedSchedule, isDry: boolean): string {
  const words = isDry
    ? { created: 'would be created', updated: 'would be updated', unchanged: 'unchanged' }
    : undefined;
  const lines = changes.map(changeLine);
  return [`schedule ${id}: ${words?.[outcome] ?? outcome}`, ...lines, ...notes.map((note) => `  ${note}`)].join('\n');
}

function changeLine({ field, before, after }: ScheduleChange): string {
  if (before === null) return `  + ${field}=${after}`;
  return after === null ? `  - ${field}=${before}` : `  ~ ${field}=${before} -> ${after}`;
}
