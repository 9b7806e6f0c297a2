import { decisionSentence, evidenceSentence } from '../../../src/domain/lines/sentences';
import { comparePaired } from '../../../src/domain/statistics';

const evidence = {
  line: 'maths',
  candidate: 'monday@1',
  parent: { version: 1, society: 'base' },
  gate: 'better' as const,
  margin: 0.02,
  heldOut: { number: 1, problems: 200, labelled: true },
  look: 3,
  bar: 0.006,
  accuracy: { candidate: 0.62, parent: 0.5 },
  comparison: comparePaired({ n: 200, onlyFirst: 34, onlySecond: 10 }),
  lowest: null,
  agreement: { candidate: 0.9, parent: null },
  findings: [],
};

test('evidence names both sides, the problems, the difference and the look', () =>
  expect(evidenceSentence(evidence)).toBe(
    'monday@1 against base on 200 held-out problems: +12.0 points, 95 % interval +6.0 to +18.5, p = 0.00039, look 3',
  ));

test('evidence without reference answers says so, and what is not known', () =>
  expect(evidenceSentence({ ...evidence, comparison: null, findings: ['responses have become much longer'] })).toBe(
    'monday@1 against base on 200 held-out problems, which have no reference answers: the members agree on 90.0 %, before ' +
      'on unknown; signs of collapse: responses have become much longer',
  ));

test.each([
  [true, 'Promoted to version 2 of line maths: it is clearly better.'],
  [false, 'Not promoted on line maths: it is clearly better.'],
])('promoted %s is said first', (promoted, sentence) =>
  expect(decisionSentence({ promoted, why: 'it is clearly better', version: 2, evidence })).toBe(sentence),
);
