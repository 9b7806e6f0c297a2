/** When a schedule of a Temporal server starts runs, in the words of its file. */
import type { ScheduleSpecDescription } from '@temporalio/client';
import { cronText, dayNames, monthNames } from '../domain/cron';
import { durationMs } from '../domain/lines/versions';

/** `0 1 * * * (Europe/Berlin)`, `every 6h`; what no file of ours means, as JSON. */
export function describeTimes(spec: ScheduleSpecDescription): string {
  const { calendars = [], intervals = [], skip = [], startAt, endAt, jitter, timezone } = spec;
  const [calendar, interval] = [calendars[0], intervals[0]];
  const isPlain = skip.length === 0 && startAt === undefined && endAt === undefined && !jitter;
  if (isPlain && calendars.length + intervals.length === 1) {
    if (interval !== undefined) return everyText(interval);
    const text = calendar && cronOfCalendar(calendar);
    if (text !== undefined) return calendarText(text, timezone || 'UTC');
  }
  return JSON.stringify({ calendars, intervals, skip, startAt, endAt, jitter, timezone });
}

function cronOfCalendar(calendar: NonNullable<ScheduleSpecDescription['calendars']>[number]): string | undefined {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = calendar;
  const isWhole = second.every(({ start, end }) => start === 0 && end === 0) && year.length === 0;
  if (!isWhole) return undefined;
  const numbers = (ranges: readonly NamedRange[], names: readonly string[] = [], first = 0): number[] => {
    const numberOf = (value: string | number) => (typeof value === 'number' ? value : names.indexOf(value) + first);
    const all = ranges.flatMap(({ start, end, step }) => {
      const [from, to] = [numberOf(start), Math.max(numberOf(start), numberOf(end))];
      return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
    });
    return [...new Set(all)].sort((left, right) => left - right);
  };
  return cronText({
    ...{ minute: numbers(minute), hour: numbers(hour), dayOfMonth: numbers(dayOfMonth) },
    ...{ month: numbers(month, monthNames, 1), dayOfWeek: numbers(dayOfWeek, dayNames) },
  });
}

interface NamedRange {
  start: string | number;
  end: string | number;
  step: number;
}

export function calendarText(cron: string, timeZone: string): string {
  return `${cron} (${timeZone})`;
}

export function everyText({ every, offset }: { every: number; offset: number }): string {
  return `every ${describeDuration(every)}${offset > 0 ? `, ${describeDuration(offset)} later` : ''}`;
}

/** `90m`, `1h`, `2d`: the largest unit that divides it. */
export function describeDuration(milliseconds: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((each) => milliseconds % durationMs(`1${each}`) === 0);
  return unit === undefined ? `${milliseconds / 1000}s` : `${milliseconds / durationMs(`1${unit}`)}${unit}`;
}
