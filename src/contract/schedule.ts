/** A schedule as its author writes it (`maft schedule apply`): when runs start, and of which specification. */
import { z } from 'zod';

const duration = z.string().regex(/^[1-9]\d*[smhd]$/);

const calendarSchema = z.strictObject({
  cron: z
    .string()
    .describe('five fields: minute, hour, day of the month, month, day of the week, such as `0 1 * * MON-FRI`'),
  timeZone: z.string().default('UTC').describe('of the IANA data base, such as `Europe/Berlin`'),
});

const intervalSchema = z.strictObject({
  every: duration.describe('such as `12h`, counted from 1970-01-01T00:00Z'),
  offset: duration.optional().describe('shorter than `every`: shifts every start by that much'),
});

export const scheduleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}$/)
    .describe("the schedule's id; its runs are named `<id>-<time>`"),
  when: z.union([calendarSchema, intervalSchema]),
  run: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .describe('the specification of every run: a file, found from this one, or the specification itself'),
  catchUpWindow: duration
    .default('1h')
    .describe('a start that was missed because the server was down is made up for if it is not older than this'),
  pauseOnFailure: z
    .boolean()
    .default(true)
    .describe('whether a failed run pauses the schedule: what is refused once would be refused every night'),
});

export type ScheduleSpecification = z.infer<typeof scheduleSchema>;
