/**
 * Schedules of runs on a Temporal server. What the server has is compared with what a file means as a list of facts, each a
 * text, so that a schedule that was made by other means compares as well.
 */
import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type CalendarSpec,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptions,
} from '@temporalio/client';
import { taskQueues, workflowTypes } from '../contract/names';
import type { ScheduleSpecification } from '../contract/schedule';
import { cronText, dayNames, monthNames, parseCron, rangesOf, type CronTimes } from '../domain/cron';
import { rootWorkflowId } from '../domain/identifiers';
import { durationMs } from '../domain/lines/versions';
import { ConfigError } from '../errors';
import { calendarText, describeDuration, describeTimes, everyText } from './schedule-times';
import { dottedPath, isPlainObject, leafPaths, valueAt } from '../specification/plain-objects';

export interface WantedSchedule {
  schedule: ScheduleSpecification;
  /** The argument of every run. */
  raw: unknown;
  /** Of the resolved specification; undefined if it depends on the run's id. */
  digest: string | undefined;
}

/** One fact that differs; null: there is none. */
export interface ScheduleChange {
  field: string;
  before: string | null;
  after: string | null;
}

export type Applied = { outcome: 'created' | 'updated' | 'unchanged'; changes: ScheduleChange[] };

/** Creates the schedule or makes it what is wanted; whether it is paused stays. `dryRun` only says what it would do. */
export async function applySchedule(
  client: Client,
  wanted: WantedSchedule,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<Applied> {
  const options = optionsOf(wanted);
  const known = await describeOrNone(client.schedule.getHandle(options.scheduleId));
  if (known !== undefined) refuseForeign(known);
  const changes = changesBetween(known === undefined ? {} : factsOf(known), factsOfOptions(wanted));
  if (known === undefined) {
    if (!dryRun) await client.schedule.create(options);
    return { outcome: 'created', changes };
  }
  if (changes.length === 0) return { outcome: 'unchanged', changes };
  if (!dryRun) await updateTo(client.schedule.getHandle(options.scheduleId), options);
  return { outcome: 'updated', changes };
}

async function updateTo(handle: ScheduleHandle, { spec, action, policies }: ScheduleOptions): Promise<void> {
  await handle.update(({ state }) => ({ spec, action, ...(policies && { policies }), state }));
}

/** Throws `ConfigError` for a schedule of something else. */
function refuseForeign({ scheduleId, action: { workflowType } }: ScheduleDescription): void {
  if (workflowType === workflowTypes.run) return;
  throw new ConfigError(`schedule "${scheduleId}" exists and starts ${workflowType}: choose another id`);
}

export function optionsOf({ schedule, raw, digest }: WantedSchedule): ScheduleOptions {
  const { id, when, catchUpWindow, pauseOnFailure } = schedule;
  return {
    scheduleId: id,
    spec:
      'every' in when
        ? { intervals: [{ every: durationMs(when.every), offset: when.offset ? durationMs(when.offset) : 0 }] }
        : { calendars: [calendarOf(parseCron(when.cron))], timezone: when.timeZone },
    policies: {
      // A run that is still going on is not joined by a second one: on a line both would draw the same questions.
      overlap: ScheduleOverlapPolicy.SKIP,
      // The default is a year: after an outage all missed nights would start at once.
      catchupWindow: durationMs(catchUpWindow),
      // A broken endpoint is no failure: the run pauses itself, and lands at its deadline.
      pauseOnFailure,
    },
    action: {
      type: 'startWorkflow',
      workflowType: workflowTypes.run,
      // Temporal appends the time, so every run has an id of its own.
      workflowId: rootWorkflowId(id),
      taskQueue: taskQueues.workflows,
      args: [raw],
      ...(digest === undefined ? {} : { memo: { specificationDigest: digest } }),
      staticSummary: `run of schedule ${id}`,
    },
  };
}

function calendarOf({ minute, hour, dayOfMonth, month, dayOfWeek }: CronTimes): CalendarSpec {
  const months = rangesOf(month).map(({ start, end }) => ({
    start: monthNames[start - 1]!,
    end: monthNames[end - 1]!,
  }));
  const days = rangesOf(dayOfWeek).map(({ start, end }) => ({ start: dayNames[start]!, end: dayNames[end]! }));
  const ranges = { minute: rangesOf(minute), hour: rangesOf(hour), dayOfMonth: rangesOf(dayOfMonth) };
  return { second: 0, ...ranges, month: months, dayOfWeek: days };
}

/** Undefined if there is no such schedule. */
export async function describeOrNone(handle: ScheduleHandle): Promise<ScheduleDescription | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** By name, as people are shown them: `when`, `catchUpWindow`, `run.iterations`. */
export type ScheduleFacts = Record<string, string>;

export function factsOf({ spec, action, policies }: ScheduleDescription): ScheduleFacts {
  return {
    when: describeTimes(spec),
    overlap: String(policies.overlap),
    catchUpWindow: describeDuration(policies.catchupWindow),
    pauseOnFailure: String(policies.pauseOnFailure),
    workflowType: action.workflowType,
    workflowId: action.workflowId,
    taskQueue: action.taskQueue,
    ...factsOfRun(action.args?.[0]),
    ...(action.args?.length === 1 ? {} : { arguments: String(action.args?.length ?? 0) }),
  };
}

function factsOfOptions({ schedule, raw }: WantedSchedule): ScheduleFacts {
  const { id, when, catchUpWindow, pauseOnFailure } = schedule;
  const times =
    'every' in when
      ? everyText({ every: durationMs(when.every), offset: when.offset ? durationMs(when.offset) : 0 })
      : calendarText(cronText(parseCron(when.cron)), when.timeZone);
  return {
    when: times,
    overlap: ScheduleOverlapPolicy.SKIP,
    catchUpWindow: describeDuration(durationMs(catchUpWindow)),
    pauseOnFailure: String(pauseOnFailure),
    workflowType: workflowTypes.run,
    workflowId: rootWorkflowId(id),
    taskQueue: taskQueues.workflows,
    ...factsOfRun(raw),
  };
}

function factsOfRun(raw: unknown): ScheduleFacts {
  if (!isPlainObject(raw)) return {};
  const facts = leafPaths(raw).map((path) => [`run.${dottedPath(path)}`, JSON.stringify(valueAt(raw, path))]);
  return Object.fromEntries(facts) as ScheduleFacts;
}

function changesBetween(before: ScheduleFacts, after: ScheduleFacts): ScheduleChange[] {
  const fields = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return fields
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }));
}
