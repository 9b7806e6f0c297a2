/**
 * Cron expressions of five fields. Temporal's server reads them too, but shows a schedule by its calendar only, so a
 * schedule can be compared with its file only if both are read here.
 */

/** Every value of each field, ascending. */
export interface CronTimes {
  minute: number[];
  hour: number[];
  dayOfMonth: number[];
  /** 1..12 */
  month: number[];
  /** 0 is Sunday. */
  dayOfWeek: number[];
}

interface Field {
  name: keyof CronTimes;
  from: number;
  to: number;
  names?: readonly string[];
}

export const monthNames = [
  ...['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY'],
  ...['AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'],
] as const;
export const dayNames = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

const fields: readonly Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'dayOfMonth', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: monthNames },
  { name: 'dayOfWeek', from: 0, to: 7, names: dayNames },
];

/** Throws `RangeError` with what is wrong. */
export function parseCron(text: string): CronTimes {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length)
    throw new RangeError(`${JSON.stringify(text)} has ${parts.length} fields, and cron has ${fields.length}`);
  const times = Object.fromEntries(fields.map((field, index) => [field.name, valuesOf(parts[index]!, field)]));
  // Sunday is 0 and 7.
  const days = times.dayOfWeek!.map((day) => day % 7);
  const parsed = { ...times, dayOfWeek: ascending(days) } as unknown as CronTimes;
  if (isAll(parsed, fields[2]!) || isAll(parsed, fields[4]!)) return parsed;
  // Cron starts if either fits, Temporal if both do: an author may mean either.
  throw new RangeError('a day of the month and a day of the week exclude each other here: leave one of them "*"');
}

/** The same times as one text, however they were written: `0 1 * * 1-5`. */
export function cronText(times: CronTimes): string {
  return fields
    .map((field) => {
      if (isAll(times, field)) return '*';
      return rangesOf(times[field.name])
        .map(({ start, end }) => (start === end ? `${start}` : `${start}-${end}`))
        .join(',');
    })
    .join(' ');
}

/** Ascending numbers as the fewest ranges. */
export function rangesOf(values: readonly number[]): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const value of values) {
    const last = ranges.at(-1);
    if (last !== undefined && last.end === value - 1) last.end = value;
    else ranges.push({ start: value, end: value });
  }
  return ranges;
}

function isAll(times: CronTimes, { name, from, to }: Field): boolean {
  return times[name].length === (name === 'dayOfWeek' ? 7 : to - from + 1);
}

function valuesOf(text: string, field: Field): number[] {
  return ascending(text.split(',').flatMap((part) => valuesOfPart(part, field)));
}

function valuesOfPart(part: string, field: Field): number[] {
  const [, range = '', every] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
  const [first, last = first, ...more] = range.split('-');
  const isOpen = range === '*' || (every !== undefined && !range.includes('-'));
  const start = range === '*' ? field.from : numberOf(first, field);
  const end = isOpen ? lastOf(field) : numberOf(last, field);
  const step = Number(every ?? 1);
  if (start === undefined || end === undefined || more.length > 0 || step < 1 || start > end) {
    const names = field.names === undefined ? '' : `, or names such as ${field.names[1]!.slice(0, 3)}`;
    throw new RangeError(
      `${JSON.stringify(part)} is no ${wordsOf[field.name]}: numbers from ${field.from} to ${field.to}${names}, as in 1, 1-5, */2 or 1,3`,
    );
  }
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

const wordsOf: Record<keyof CronTimes, string> = {
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day of the month',
  month: 'month',
  dayOfWeek: 'day of the week',
};

/** `*` of the days of a week ends with Saturday: Sunday is there as 0. */
function lastOf({ name, to }: Field): number {
  return name === 'dayOfWeek' ? 6 : to;
}

function numberOf(text: string | undefined, { from, to, names = [] }: Field): number | undefined {
  if (text === undefined) return undefined;
  const named = names.findIndex((name) => name.slice(0, 3) === text.toUpperCase() || name === text.toUpperCase());
  const number = named === -1 ? Number(text) : named + from;
  return /^(\d+|[A-Za-z]+)$/.test(text) && number >= from && number <= to ? number : undefined;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((left, right) => left - right);
}
