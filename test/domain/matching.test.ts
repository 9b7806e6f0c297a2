import type { TrainingExample } from '../../src/contract/training';
import { drawKey } from '../../src/domain/draws';
import { withinBudget } from '../../src/domain/matching';

const budget = { agent: 'critic-1', seed: 4, iteration: 2 };

/** Of uneven lengths: 1, 2, 3, … tokens. */
const candidates = Array.from({ length: 6 }, (_, index) => ({
  example: { problemId: `p${index}`, member: 1 + (index % 3), round: 2 } as TrainingExample,
  completionTokens: index + 1,
}));
const inAll = 21;
const stringOf = ({ problemId, member, round }: TrainingExample) =>
  `matching/4/2/critic-1/${problemId}/${member}/${round}`;
const drawn = [...candidates].sort((left, right) =>
  drawKey(stringOf(left.example)) < drawKey(stringOf(right.example)) ? -1 : 1,
);
const kept = (limits: { matchTrainingTokens?: number; matchTrajectories?: number }) => [
  ...withinBudget(candidates, { ...budget, ...limits }),
];
const tokensOf = (examples: typeof candidates) =>
  examples.reduce((sum, { completionTokens }) => sum + completionTokens, 0);

test('examples that just fill the budget are all kept, in their order', () => {
  expect(kept({ matchTrainingTokens: inAll })).toEqual(candidates);
  expect(kept({ matchTrajectories: 6 })).toEqual(candidates);
  expect(kept({ matchTrainingTokens: inAll, matchTrajectories: 6 })).toEqual(candidates);
  expect(kept({})).toEqual(candidates);
});

test('one token or one example more than the budget is left out, by the draws of run, iteration, agent and response', () => {
  expect(kept({ matchTrajectories: 5 })).toEqual(drawn.slice(0, 5));
  expect(kept({ matchTrainingTokens: inAll - 1 })).toEqual(drawn.slice(0, 5));
});

test('an example that just fills what is left is kept, and one token less leaves it out', () => {
  for (const count of [1, 2, 3, 4, 5]) {
    const tokens = tokensOf(drawn.slice(0, count));
    expect(kept({ matchTrainingTokens: tokens })).toEqual(drawn.slice(0, count));
    expect(kept({ matchTrainingTokens: tokens - 1 })).toEqual(drawn.slice(0, count - 1));
  }
});

test('of two budgets the tighter one counts', () => {
  const tokens = tokensOf(drawn.slice(0, 3));
  expect(kept({ matchTrainingTokens: tokens, matchTrajectories: 2 })).toEqual(drawn.slice(0, 2));
  expect(kept({ matchTrainingTokens: tokens, matchTrajectories: 5 })).toEqual(drawn.slice(0, 3));
});

test('nothing is kept behind the first example that would exceed the budget, however short', () => {
  const [first, ...rest] = drawn;
  const isShorter = rest.some(({ completionTokens }) => completionTokens < first!.completionTokens);
  expect(isShorter).toBe(true);
  expect(kept({ matchTrainingTokens: first!.completionTokens - 1 })).toEqual([]);
});
