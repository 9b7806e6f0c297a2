/** A schedule's file, and the run specification that it names or holds. */
import { dirname, isAbsolute, join } from 'node:path';
import { scheduleSchema, type ScheduleSpecification } from '../contract/schedule';
import { parseCron } from '../domain/cron';
import { durationMs } from '../domain/lines/versions';
import { isTimeZone } from '../domain/deadline';
import { InvalidRunSpec } from '../errors';
import { loadRunFile, loadSpecificationFile } from './load-file';
import { isPlainObject } from './plain-objects';
import { describeIssue, shownValue, unknownTimeZone } from './problems';

/** Throws `InvalidRunSpec` with one line per problem. */
export function parseSchedule(raw: unknown): ScheduleSpecification {
  const parsed = scheduleSchema.safeParse(isPlainObject(raw) ? raw : {});
  if (!isPlainObject(raw)) {
    throw new InvalidRunSpec([
      `schedule: ${shownValue(raw)} is not a schedule; it must be one object with id, when, run`,
    ]);
  }
  if (!parsed.success) {
    const described = { value: raw, schema: scheduleSchema };
    throw new InvalidRunSpec([...new Set(parsed.error.issues.flatMap((issue) => describeIssue(issue, described)))]);
  }
  const problems = problemsOfTimes(parsed.data.when);
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  return parsed.data;
}

function problemsOfTimes(when: ScheduleSpecification['when']): string[] {
  if ('every' in when) {
    const { every, offset } = when;
    if (offset === undefined || durationMs(offset) < durationMs(every)) return [];
    return [`when.offset: "${offset}" is not allowed; it must be shorter than when.every, which is "${every}"`];
  }
  const { cron, timeZone } = when;
  return [...cronProblem(cron), ...(isTimeZone(timeZone) ? [] : [unknownTimeZone('when.timeZone', timeZone)])];
}

function cronProblem(cron: string): string[] {
  try {
    parseCron(cron);
    return [];
  } catch (error) {
    return [`when.cron: ${(error as RangeError).message}`];
  }
}

export interface LoadedSchedule {
  schedule: ScheduleSpecification;
  /** The run specification, with paths as workers find them, not yet validated. */
  raw: unknown;
}

/** @param data The data folder of the workers. Throws `InvalidRunSpec` for a file that cannot be read or is no schedule. */
export async function loadScheduleFile(file: string, data: string): Promise<LoadedSchedule> {
  const schedule = parseSchedule(await loadSpecificationFile(file, data));
  const { run } = schedule;
  if (typeof run !== 'string') return { schedule, raw: run };
  return { schedule, raw: await loadRunFile(isAbsolute(run) ? run : join(dirname(file), run), data) };
}
