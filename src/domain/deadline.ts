/** When a run is to have ended (`limits.deadline`), as an instant. Reads the time zones of Intl: not for workflows. */

import { durationMs } from './lines/versions';

const dayMs = durationMs('1d');

export interface DeadlineSettings {
  deadline?: string | undefined;
  timeZone?: string | undefined;
}

/** `07:00`, `07:00Z`, `07:00+02:00`: a time of day; with an offset if it needs no time zone. */
const timeOfDay = /^([01]\d|2[0-3]):([0-5]\d)(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/;
const durationText = /^[1-9]\d*[smhd]$/;

/** What a deadline may look like, for the schema. */
export const deadlinePattern = /^(([01]\d|2[0-3]):[0-5]\d(Z|[+-](0\d|1[0-4]):[0-5]\d)?|[1-9]\d*[smhd])$/;

/** Whether a deadline is a time of day that means nothing without a time zone. */
export function needsTimeZone(deadline: string): boolean {
  const [, hours, , offset] = timeOfDay.exec(deadline) ?? [];
  return hours !== undefined && offset === undefined;
}

/** Whether Intl knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

/**
 * The instant, milliseconds since 1970, of the deadline of a run that started at `startedAt`: after a duration, or at the
 * first such time of day that lies after the start. Undefined without a deadline, and for one that is malformed, which
 * validation refuses.
 */
export function deadlineOf({ deadline, timeZone = 'UTC' }: DeadlineSettings, startedAt: number): number | undefined {
  if (deadline !== undefined && durationText.test(deadline)) return startedAt + durationMs(deadline);
  const [, hours, minutes, offset] = timeOfDay.exec(deadline ?? '') ?? [];
  if (hours === undefined || (offset === undefined && !isTimeZone(timeZone))) return undefined;
  const offsetAt = (instant: number) => (offset === undefined ? zoneOffset(timeZone, instant) : offsetMs(offset));
  const localStart = startedAt + offsetAt(startedAt);
  const today = Math.floor(localStart / dayMs) * dayMs + Number(hours) * 3_600_000 + Number(minutes) * 60_000;
  const candidates = [today, today + dayMs, today + 2 * dayMs].map((local) => instantOf(local, offsetAt));
  return candidates.find((instant) => instant > startedAt);
}

/** Of a local time as if it were UTC. A time that the change to summer time leaves out is taken an hour later. */
function instantOf(local: number, offsetAt: (instant: number) => number): number {
  const guess = local - offsetAt(local);
  return local - offsetAt(guess);
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
function zoneOffset(timeZone: string, instant: number): number {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

function offsetMs(text: string): number {
  if (text === 'Z') return 0;
  const [hours = 0, minutes = 0] = text.slice(1).split(':').map(Number);
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
