/** What reference answers tell: specialisation, critic effect, flips, wrong consensus; and what responses look like. */
import { criticEffects } from '../../../src/domain/measures/critic-effect';
import { flipsBetween } from '../../../src/domain/measures/flips';
import { wholeRoundsOf } from '../../../src/domain/measures/whole-rounds';
import { responseShape } from '../../../src/domain/measures/responses';
import { accuracyByLevel, specialisation } from '../../../src/domain/measures/specialisation';
import { trainingCost, wrongConsensus } from '../../../src/domain/measures/training';
import type { WeightsRecord } from '../../../src/contract/training-job';
import { debate, failedDebate } from '../../support/debates';

/** Answer r is right. */
const isCorrect = (_: string, answer: string) => answer === 'r';
const debates = [
  debate(
    [
      ['r', 'w', null],
      ['r', 'r', 'r'],
    ],
    { problemId: 'algebra-1' },
  ),
  debate(
    [
      ['w', 'w', 'r'],
      ['w', 'w', 'w'],
    ],
    { problemId: 'algebra-2' },
  ),
  debate(
    [
      ['r', 'w', 'w'],
      ['r', 'w', null],
    ],
    { problemId: 'geometry-1' },
  ),
  failedDebate([['r']], 'geometry-2'),
];
const input = {
  transcripts: debates,
  members: 3,
  rounds: 2,
  isCorrect,
  typeOf: (problemId: string) => problemId.split('-')[0],
  societyRight: (problemId: string) => problemId === 'algebra-1',
};

test('specialisation counts, per type, who was right first and last, whether anybody was, and the society', () => {
  const [all, algebra, geometry] = specialisation(input);
  expect(all).toEqual({
    type: 'all',
    problems: 4,
    members: [
      // The failed problem's first answer was right, and stands in the transcript.
      { member: 1, firstRight: 3, lastRight: 2 },
      { member: 2, firstRight: 0, lastRight: 1 },
      { member: 3, firstRight: 1, lastRight: 1 },
    ],
    anyFirstRight: 4,
    anyLastRight: 2,
    societyRight: 1,
  });
  expect(algebra).toMatchObject({ type: 'algebra', problems: 2, anyFirstRight: 2, anyLastRight: 1, societyRight: 1 });
  expect(geometry).toMatchObject({ type: 'geometry', problems: 2, anyFirstRight: 2, anyLastRight: 1, societyRight: 0 });
});

test('with one type there is one row', () => {
  expect(specialisation({ ...input, typeOf: () => undefined }).map(({ type }) => type)).toEqual(['all']);
  expect(specialisation({ ...input, typeOf: () => 'one' }).map(({ type }) => type)).toEqual(['all']);
});

test('levels have rows of their own where there are several, and none where the data name one or none', () => {
  const levelOf = (problemId: string) => (problemId.startsWith('algebra') ? 2 : undefined);
  const rows = accuracyByLevel({ ...input, levelOf });
  expect(rows.map(({ type, problems }) => [type, problems])).toEqual([
    ['level 2', 2],
    ['no level', 2],
  ]);
  expect(accuracyByLevel({ ...input, levelOf: () => 3 })).toEqual([]);
  expect(accuracyByLevel(input)).toEqual([]);
});

test('coverage is never below the best member, and never above one', () => {
  for (const row of specialisation(input)) {
    expect(row.anyFirstRight).toBeGreaterThanOrEqual(Math.max(...row.members.map(({ firstRight }) => firstRight)));
    expect(row.anyFirstRight).toBeLessThanOrEqual(row.problems);
  }
});

test('a critic`s effect is counted from its member`s first to its last answer; failed problems are left out', () => {
  expect(criticEffects(input)).toEqual([
    { critic: 'critic-1', problems: 3, wrongToRight: 0, rightToWrong: 0, stayedRight: 2, stayedWrong: 1 },
    { critic: 'critic-2', problems: 3, wrongToRight: 1, rightToWrong: 0, stayedRight: 0, stayedWrong: 2 },
    { critic: 'critic-3', problems: 3, wrongToRight: 1, rightToWrong: 1, stayedRight: 0, stayedWrong: 1 },
  ]);
});

test('flips name the problems, and leave out those only one evaluation has', () => {
  const evaluation = (iteration: number, right: Record<string, boolean>) => ({
    iteration,
    perProblem: Object.entries(right).map(([problemId, society]) => ({ problemId, correct: { society } })),
  });
  const before = evaluation(1, { b: true, a: true, c: false, d: false, gone: true });
  const after = evaluation(2, { a: false, b: false, c: true, d: false, fresh: true });
  expect(flipsBetween(before, after)).toEqual({
    fromIteration: 1,
    problems: 4,
    rightToWrong: ['a', 'b'],
    wrongToRight: ['c'],
  });
});

test('the wrong consensus is a share of all examples of all agents', () => {
  const agents = [
    { agent: 'generation-1', examples: 10, wrongConsensus: 1 },
    { agent: 'critic-1', examples: 10, wrongConsensus: 4 },
  ];
  const audit = { iteration: 1, agents, problems: { agreed: 12, consensusRight: 9 } };
  expect(wrongConsensus(audit)).toEqual({ examples: 20, wrongConsensus: 5, share: 0.25, agents });
  expect(wrongConsensus({ ...audit, agents: [] })).toBeUndefined();
});

test('a response shape has mean length, cuts, and the share of the commonest text', () => {
  const same = debates.slice(0, 3).map((each) => ({
    ...each,
    rounds: each.rounds.map((round) => ({
      ...round,
      turns: round.turns.map((turn, index) => ({
        ...turn,
        response: index < 2 ? ' #4\n' : turn.response,
        finishReason: index === 0 ? ('length' as const) : ('stop' as const),
        usage: { promptTokens: 1, completionTokens: index + 1 },
      })),
    })),
  }));
  expect(responseShape(wholeRoundsOf(same, 1, 3))).toMatchObject({
    responses: 9,
    meanTokens: { value: 2, n: 3 },
    truncatedShare: 3 / 9,
    commonestTextShare: 6 / 9,
    parsedShare: 8 / 9,
  });
  expect(responseShape([])).toBeUndefined();
});

test('training costs are summed, GPU seconds only where a GPU trained', () => {
  const record = (agent: string, device?: string): WeightsRecord => ({
    agent,
    iteration: 1,
    model: agent,
    outcome: device === undefined ? 'empty-training-set' : 'trained',
    ...(device !== undefined && {
      training: {
        examples: 5,
        steps: 1,
        tokens: 100,
        seconds: 3,
        device,
        precision: 'float32',
        peakGpuMemoryBytes: device === 'cpu' ? null : 7,
        digest: '',
        lossCurve: [],
        versions: {},
      },
    }),
  });
  expect(trainingCost([record('a', 'cpu'), record('b', 'cuda:0'), record('c')])).toMatchObject({
    tokens: 200,
    seconds: 6,
    gpuSeconds: 3,
    peakGpuMemoryBytes: 7,
    agents: [{ agent: 'a' }, { agent: 'b' }, { agent: 'c', tokens: 0, seconds: 0 }],
  });
});
