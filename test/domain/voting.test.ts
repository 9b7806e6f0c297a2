import fc from 'fast-check';
import { drawKey } from '../../src/domain/draws';
import {
  answerPairs,
  distinctAnswers,
  equalityFromVerdicts,
  vote,
  voteOnDebate,
  voteOverSamples,
  type Ballot,
} from '../../src/domain/voting';
import { debate, sameText, turnsOf } from '../support/debates';

const draw = { seed: 3, iteration: 1, problemId: 'p' };
const ballots = (...answers: (string | null)[]): Ballot[] =>
  answers.map((answer, index) => ({ member: index + 1, answer }));

/** Equal by chance but symmetric, and equal to itself. */
const arbitraryEquality = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })))
  .map((pairs) => equalityFromVerdicts(pairs.map(([a, b]) => ({ a: String(a), b: String(b), equal: true }))));
const arbitraryAnswers = fc.array(fc.option(fc.integer({ min: 0, max: 5 }).map(String)), {
  minLength: 1,
  maxLength: 9,
});

test('the largest group wins', () =>
  expect(vote(ballots('1', '2', '2'), sameText, draw)).toEqual({
    kind: 'agreed',
    answer: '2',
    votes: [
      { answer: '2', members: [2, 3] },
      { answer: '1', members: [1] },
    ],
    tieBroken: false,
  }));

test('unparsable answers do not vote', () =>
  expect(vote(ballots(null, '5', null), sameText, draw)).toMatchObject({ answer: '5', votes: [{ members: [2] }] }));

test('4. no parsable answer at all is an outcome, not a dropped problem', () =>
  expect(vote(ballots(null, null), sameText, draw)).toEqual({ kind: 'none' }));

test("the winning spelling is the lowest-numbered member's", () => {
  const equal = equalityFromVerdicts([{ a: '1/2', b: '0.5', equal: true }]);
  expect(vote(ballots('7', '0.5', '1/2', '1/2'), equal, draw)).toMatchObject({ answer: '0.5', tieBroken: false });
});

test('groups are connected components: a = b and b = c put a, b and c together', () => {
  const equal = equalityFromVerdicts([
    { a: 'a', b: 'b', equal: true },
    { a: 'c', b: 'b', equal: true },
    { a: 'a', b: 'c', equal: false },
  ]);
  expect(vote(ballots('a', 'x', 'c', 'x', 'b'), equal, draw)).toMatchObject({
    votes: [{ answer: 'a', members: [1, 3, 5] }, {}],
  });
});

test('5. ties are broken by the seeded draw of the problem and recorded, never by string order', () => {
  const winners = Array.from({ length: 200 }, (_, index) => {
    const result = vote(ballots('1', '2'), sameText, { seed: index, iteration: 1, problemId: 'p' });
    expect(result).toMatchObject({ kind: 'agreed', tieBroken: true });
    const wanted = drawKey(`tie/${index}/1/p/1`) < drawKey(`tie/${index}/1/p/2`) ? '1' : '2';
    expect(result).toMatchObject({ answer: wanted });
    return wanted;
  });
  const ones = winners.filter((winner) => winner === '1').length;
  expect(ones).toBeGreaterThan(60);
  expect(ones).toBeLessThan(140);
});

test('the groups do not depend on the order of the ballots', () =>
  fc.assert(
    fc.property(arbitraryAnswers, arbitraryEquality, (answers, equal) => {
      const given = ballots(...answers);
      expect(vote([...given].reverse(), equal, draw)).toEqual(vote(given, equal, draw));
    }),
  ));

test('every parsed ballot is in exactly one group, no two groups touch, and the winner is a largest one', () =>
  fc.assert(
    fc.property(arbitraryAnswers, arbitraryEquality, (answers, equal) => {
      const result = vote(ballots(...answers), equal, draw);
      if (result.kind === 'none') return expect(answers.every((answer) => answer === null)).toBe(true);
      const placed = result.votes.flatMap(({ members }) => members).sort((a, b) => a - b);
      expect(placed).toEqual(ballots(...answers).flatMap(({ member, answer }) => (answer === null ? [] : [member])));
      const groupOf = (member: number) => result.votes.findIndex(({ members }) => members.includes(member));
      for (const left of placed) {
        for (const right of placed) {
          if (equal(answers[left - 1]!, answers[right - 1]!)) expect(groupOf(left)).toBe(groupOf(right));
        }
      }
      const winner = result.votes.find(({ answer }) => answer === result.answer)!;
      expect(winner.members.length).toBe(Math.max(...result.votes.map(({ members }) => members.length)));
      return undefined;
    }),
  ));

test('agrees says of every turn of every round whether it equals an answer of the winning group', () => {
  const equal = equalityFromVerdicts([
    { a: '1/2', b: '0.5', equal: true },
    { a: '.5', b: '1/2', equal: true },
  ]);
  // `.5` equals the member's spelling 1/2 but not the winning spelling 0.5: at least one is enough.
  const { rounds, consensus } = voteOnDebate(
    turnsOf([
      ['.5', '9', null],
      ['0.5', '1/2', '7'],
    ]),
    equal,
    draw,
  );
  expect(consensus).toMatchObject({ answer: '0.5' });
  expect(rounds.map(({ turns }) => turns.map(({ agrees }) => agrees))).toEqual([
    [true, false, false],
    [true, true, false],
  ]);
});

test('without a consensus nothing agrees, not even an answer of an earlier round', () =>
  expect(
    debate([
      ['1', '1'],
      [null, null],
    ]).rounds.flatMap(({ turns }) => turns.map(({ agrees }) => agrees)),
  ).toEqual([false, false, false, false]));

test('only the last round votes, and any number of members and rounds does (11. nothing is wired to N = 3, M = 2)', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 6 }), (members, rounds) => {
      const answers = Array.from({ length: rounds }, (_, round) =>
        Array.from({ length: members }, () => String(round)),
      );
      const { consensus, rounds: voted } = debate(answers);
      expect(consensus).toMatchObject({ answer: String(rounds - 1), tieBroken: false });
      expect(voted.flatMap(({ turns }) => turns).length).toBe(members * rounds);
    }),
  ));

test('a vote over k samples numbers its voters 1..k', () =>
  expect(voteOverSamples(['4', null, '4', '5'], sameText, draw)).toMatchObject({
    answer: '4',
    votes: [{ members: [1, 3] }, { members: [4] }],
  }));

test('the grading port is asked about all different answers of all rounds, each pair once', () => {
  const answers = distinctAnswers(
    turnsOf([
      ['1', '2', null],
      ['2', '3', '1'],
    ]),
  );
  expect(answers).toEqual(['1', '2', '3']);
  expect(answerPairs(answers)).toEqual([
    { a: '1', b: '2' },
    { a: '1', b: '3' },
    { a: '2', b: '3' },
  ]);
});

test('equal in either direction is equal, and a pair without a verdict is different', () => {
  const equal = equalityFromVerdicts([
    { a: 'x', b: 'y', equal: false },
    { a: 'y', b: 'x', equal: true },
  ]);
  expect([equal('x', 'y'), equal('y', 'x'), equal('x', 'x'), equal('x', 'z')]).toEqual([true, true, true, false]);
});

test('the vote leaves every turn as it was, hints included, and adds only whether it agrees', () => {
  const hinted = (_round: number, member: number) => (member === 2 ? '7' : undefined);
  const rounds = turnsOf([['7', '5', '7']], { hinted });
  const voted = voteOnDebate(rounds, sameText, draw).rounds;
  expect(rounds[0]!.turns[1]!.hinted).toMatchObject({ answer: '7' });
  expect(voted[0]!.turns).toEqual(rounds[0]!.turns.map((turn) => ({ ...turn, agrees: turn.answer === '7' })));
});
