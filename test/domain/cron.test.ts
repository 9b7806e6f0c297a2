import { cronText, parseCron } from '../../src/domain/cron';

test.each([
  ['0 1 * * *', '0 1 * * *'],
  ['00 01 * * MON-FRI', '0 1 * * 1-5'],
  ['*/30 8-10 1,15 jan *', '0,30 8-10 1,15 1 *'],
  ['5/20 * * * *', '5,25,45 * * * *'],
  ['0 0 * * 7', '0 0 * * 0'],
  ['0 0 * * 0-6', '0 0 * * *'],
  ['0 0 * * SUN,sat', '0 0 * * 0,6'],
])('%j means %j', (written, meant) => expect(cronText(parseCron(written))).toBe(meant));

test.each([
  ['@daily', /has 1 fields, and cron has 5/],
  ['0 1 * * * *', /has 6 fields/],
  ['60 1 * * *', /"60" is no minute/],
  ['0 5-1 * * *', /"5-1" is no hour/],
  ['0 1 0 * *', /"0" is no day of the month/],
  ['0 1 * MAI *', /"MAI" is no month: .* names such as FEB/],
  ['*/0 1 * * *', /"\*\/0" is no minute/],
  ['0 1 13 * FRI', /exclude each other/],
])('%j is refused', (written, message) => expect(() => parseCron(written)).toThrow(message));
