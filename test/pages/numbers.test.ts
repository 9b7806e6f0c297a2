/** Numbers as people read them. */
import { pValue } from '../../src/pages/numbers';

test.each([
  [0.0004, 'p < 0.001'],
  [0.0341, 'p = 0.034'],
  [0.04951, 'p = 0.0495'],
  [0.049999, 'p = 0.0499'],
  [0.05, 'p = 0.050'],
  [0.0504, 'p = 0.050'],
  [0.5, 'p = 0.500'],
])(
  'p of %p is shown as %p: 0.050 is never below 0.05, so that a page does not call one such value clear and the next one not',
  (p, shown) => {
    expect(pValue(p).replaceAll('\u00a0', ' ')).toBe(shown);
  },
);
