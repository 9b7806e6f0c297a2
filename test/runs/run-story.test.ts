import type { Evaluation } from '../../src/contract/evaluation';
import { debateLines } from '../../src/runs/run-story';
import { debate } from '../support/debates';

const evaluationOf = (correct: Record<string, boolean>) =>
  ({
    perProblem: Object.entries(correct).map(([problemId, society]) => ({ problemId, correct: { society } })),
  }) as unknown as Evaluation;
const mending = debate([['1', '2', '2'], ['2', '2', '2']], { problemId: 'mending' }); // prettier-ignore
const spoiling = debate([['3', '3', '3'], ['4', '3', '3']], { problemId: 'spoiling' }); // prettier-ignore
const wrong = debate([['9', '8', '8'], ['8', '8', '8']], { problemId: 'wrong' }); // prettier-ignore
const right = { mending: true, spoiling: true, wrong: false };

test('tells one critic that turned to the right answer, with what it said before and after, and the vote', () => {
  const lines = debateLines([mending, wrong], evaluationOf(right), 1);
  expect(lines[0]).toContain('to the right answer 1 times, away from it 0 times');
  expect(lines.slice(1).map((line) => line.trim().replace(/\s+/g, ' '))).toEqual([
    `question ${mending.question}`,
    'generation-1 said mending: generation-1 says 1 in round 1',
    'critic-1 said mending: critic-1 says 2 in round 2',
    'the vote 2 (3 of 3), right',
  ]);
});

test('tells one that turned away where that is more frequent, and nothing where no critic changed', () => {
  const spoilt = [spoiling, { ...spoiling, problemId: 'second' }, mending];
  const lines = debateLines(spoilt, evaluationOf({ ...right, second: true }), 1).join('\n');
  expect(lines).toContain('One of them spoilt:');
  expect(lines).toContain('the vote             3 (2 of 3), right');
  expect(debateLines([debate([['1'], ['1']])], evaluationOf({ 'problem-1': true }), 1)).toEqual([]);
});

test('says nothing of debates whose vote was wrong: who was right there is not known', () =>
  expect(debateLines([wrong], evaluationOf(right), 1)).toEqual([]));
