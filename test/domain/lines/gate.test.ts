import type { Gate, PromotionEvidence } from '../../../src/contract/line';
import { judgePromotion, termsOfLook } from '../../../src/domain/lines/gate';
import { comparePaired } from '../../../src/domain/statistics';

/** 200 held-out problems, on which the candidate alone is right on `won` and the parent alone on `lost`. */
function evidence(gate: Gate, { won, lost, look = 1 }: { won: number; lost: number; look?: number }) {
  const comparison = comparePaired({ n: 200, onlyFirst: won, onlySecond: lost });
  const known = {
    line: 'maths',
    candidate: 'monday@1',
    parent: { version: 1, society: 'base' },
    gate,
    margin: 0.05,
    heldOut: { number: 1, problems: 200, labelled: true },
    look,
    accuracy: { candidate: 0.6, parent: 0.5 },
    comparison,
    agreement: { candidate: 0.9, parent: 0.9 },
    findings: [],
  };
  return { ...known, ...termsOfLook({ gate }, known) } satisfies PromotionEvidence;
}

const verdictOf = (found: PromotionEvidence, guards = true) => judgePromotion(found, { guards });

test('better: a difference that is clear at the first look is not at the hundredth', () => {
  expect(verdictOf(evidence('better', { won: 25, lost: 10 }))).toEqual({
    verdict: 'promote',
    why: 'it is clearly better; look 1 at these held-out problems asks for p < 0.049, and p = 0.017',
  });
  expect(verdictOf(evidence('better', { won: 25, lost: 10, look: 100 }))).toMatchObject({
    verdict: 'keep',
    why: expect.stringMatching(/^not clearly better: look 100 .* p < 0\.000022, and p = 0\.017$/) as string,
  });
});

test('better: a society that is clearly worse is not promoted', () => {
  expect(verdictOf(evidence('better', { won: 5, lost: 40 }))).toEqual({
    verdict: 'keep',
    why: 'it is not right more often',
  });
});

test('not-worse: promotes where the lower bound is above minus the margin, and says both', () => {
  expect(verdictOf(evidence('not-worse', { won: 6, lost: 5 }))).toMatchObject({
    verdict: 'promote',
    why: expect.stringMatching(
      /^it is not worse: at look 1 it may be as much as \d\.\d points worse, less than the margin of 5\.0/,
    ) as string,
  });
  expect(verdictOf(evidence('not-worse', { won: 20, lost: 30 })).verdict).toBe('keep');
});

test('not-worse: a handful of problems that all favour it shows nothing', () => {
  const few = comparePaired({ n: 5, onlyFirst: 1, onlySecond: 0 });
  const { lowest } = termsOfLook({ gate: 'not-worse' }, { look: 1, comparison: few });
  expect(lowest).toBeLessThan(-0.3);
});

test('a sign of collapse forbids every promotion, unless the line has no guards', () => {
  const found = { ...evidence('better', { won: 40, lost: 0 }), findings: ['many responses are one text'] };
  expect(verdictOf(found)).toEqual({
    verdict: 'keep',
    why: 'a sign of collapse forbids it: many responses are one text',
  });
  expect(verdictOf(found, false).verdict).toBe('promote');
});

test('approval asks people; never promotes nothing', () => {
  expect(verdictOf(evidence('approval', { won: 0, lost: 0 })).verdict).toBe('ask');
  expect(verdictOf(evidence('never', { won: 99, lost: 0 })).verdict).toBe('keep');
});
