import type { LineVersion } from '../../../src/contract/line';
import { durationMs, rollbackTarget } from '../../../src/domain/lines/versions';

const history = ['base', 'a@1', 'b@1', 'b@1'].map((society, index): LineVersion => ({
  number: index + 1,
  society,
  parent: index === 0 ? null : index,
  run: null,
  evidence: null,
  decision: 'by hand',
  by: 'ada',
  why: '',
  at: '',
}));

test('a roll-back goes back to the newest version with another society, or to the one that is named', () => {
  expect(rollbackTarget(history)?.society).toBe('a@1');
  expect(rollbackTarget(history, 1)?.society).toBe('base');
  expect(rollbackTarget(history, 9)).toBeUndefined();
  expect(rollbackTarget(history.slice(0, 1))).toBeUndefined();
});

test.each([
  ['30s', 30_000],
  ['90m', 5_400_000],
  ['24h', 86_400_000],
  ['2d', 172_800_000],
])('%s is %d milliseconds', (text, ms) => expect(durationMs(text)).toBe(ms));
