import { deadlineOf, isTimeZone, needsTimeZone } from '../../src/domain/deadline';
import { resolveSpecification } from '../../src/specification';

const at = (time: string) => Date.parse(time);

test.each([
  ['6h', undefined, '2026-12-01T01:00:00Z', '2026-12-01T07:00:00Z'],
  ['90m', undefined, '2026-12-01T01:00:00Z', '2026-12-01T02:30:00Z'],
  ['07:00Z', undefined, '2026-12-01T01:00:00Z', '2026-12-01T07:00:00Z'],
  ['07:00Z', undefined, '2026-12-01T07:00:00Z', '2026-12-02T07:00:00Z'],
  ['07:00+02:00', undefined, '2026-12-01T01:00:00Z', '2026-12-01T05:00:00Z'],
  ['07:00-05:30', undefined, '2026-12-01T22:00:00Z', '2026-12-02T12:30:00Z'],
  ['07:00', 'Europe/Berlin', '2026-12-01T00:00:00Z', '2026-12-01T06:00:00Z'],
  ['07:00', 'Europe/Berlin', '2026-07-01T00:00:00Z', '2026-07-01T05:00:00Z'],
  // Winter there, summer here; already the next day there.
  ['01:00', 'Pacific/Auckland', '2026-06-30T22:00:00Z', '2026-07-01T13:00:00Z'],
  // The night in which clocks go back has 02:30 twice, the one in which they go forward not at all.
  ['07:00', 'Europe/Berlin', '2026-10-24T23:00:00Z', '2026-10-25T06:00:00Z'],
  ['07:00', 'Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29T05:00:00Z'],
])('%s in %s of a run started at %s is %s', (deadline, timeZone, startedAt, instant) =>
  expect(deadlineOf({ deadline, timeZone }, at(startedAt))).toBe(at(instant)),
);

test('a time that a night leaves out, or has twice, is some time of that night', () => {
  const berlin = { deadline: '02:30', timeZone: 'Europe/Berlin' };
  const spring = deadlineOf(berlin, at('2026-03-28T23:00:00Z'))!;
  const autumn = deadlineOf(berlin, at('2026-10-24T22:30:00Z'))!;
  expect([at('2026-03-29T00:30:00Z'), at('2026-03-29T01:30:00Z')]).toContain(spring);
  expect([at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z')]).toContain(autumn);
});

test.each(['soon', '7:00', '24:00', '0h', '07:00+2', ''])('%j is no deadline', (deadline) =>
  expect(deadlineOf({ deadline, timeZone: 'UTC' }, 0)).toBeUndefined(),
);

test('only a time of day without an offset needs a time zone', () => {
  expect(['07:00', '07:00Z', '07:00+01:00', '6h'].map(needsTimeZone)).toEqual([true, false, false, false]);
  expect(['Europe/Berlin', 'UTC', 'Berlin', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});

describe('of a specification', () => {
  const problemsOf = (limits: object): string => {
    try {
      resolveSpecification({ task: { kind: 'arithmetic' }, model: { base: 'any' }, limits });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    [{ deadline: '7 am' }, /^limits\.deadline: "7 am" is not allowed; it must be .*when the run is to have ended/],
    [{ deadline: '07:00' }, /^limits\.timeZone: missing; "07:00" is a time of which zone\? .* or write "07:00Z"$/],
    [{ deadline: '07:00', timeZone: 'CET/Berlin' }, /^limits\.timeZone: "CET\/Berlin" is not a time zone/],
    [{ deadline: '6h', timeZone: 'UTC' }, /^limits\.timeZone: "UTC" is impossible: only a limits\.deadline/],
    [{ timeZone: 'UTC' }, /^limits\.timeZone: "UTC" is impossible/],
  ])('%j is refused', (limits, message) => expect(problemsOf(limits)).toMatch(message));

  test('a deadline is taken, and a run without one has the digest it always had', () => {
    const raw = { task: { kind: 'arithmetic' }, model: { base: 'any' } };
    const limits = { deadline: '07:00', timeZone: 'Europe/Berlin' };
    expect(resolveSpecification({ ...raw, limits }).specification.limits).toMatchObject(limits);
    expect(resolveSpecification(raw).specification.limits).toEqual({ maxFailedShare: 0.02 });
  });
});
