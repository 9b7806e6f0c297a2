import type { DriftPoint } from '../../src/contract/guard';
import type { Transcript } from '../../src/contract/transcript';
import { guardStop, judgeTraining, sentenceOf, type GuardInput } from '../../src/domain/guard';
import { debate, failedDebate } from '../support/debates';

const size = { members: 3, rounds: 2 };
const transcripts = [
  debate(
    [
      ['1', '2', '2'],
      ['1', '1', '2'],
    ],
    { problemId: 'p1' },
  ),
  debate(
    [
      ['1', '1', '1'],
      ['1', '1', '1'],
    ],
    { problemId: 'p2', finishReason: (round) => (round === 2 ? 'length' : 'stop'), completionTokens: 11 },
  ),
  debate(
    [
      ['1', '1', '1'],
      [null, null, null],
    ],
    { problemId: 'p3' },
  ),
  failedDebate([['1', '1', '1']], 'p4'),
];
const agents = [
  { agent: 'generation-1', examples: 40, responses: 4 },
  { agent: 'critic-1', examples: 3, responses: 4 },
] as never as GuardInput['selection']['agents'];
const input: GuardInput = {
  iteration: 2,
  action: 'stop',
  size,
  transcripts,
  selection: { problems: 100, agents },
  audit: { problems: { agreed: 4, consensusRight: 3 } } as GuardInput['audit'],
  before: [],
};

test('a training debate is described by its consensus, its last round and its training sets', () => {
  const { point } = judgeTraining(input);
  expect(point).toEqual({
    iteration: 2,
    accuracy: { value: 0.75, standardError: expect.closeTo(Math.sqrt((0.75 * 0.25) / 4), 12) },
    agreement: expect.closeTo(5 / 6, 12),
    responses: expect.objectContaining({
      responses: 9,
      meanTokens: 7,
      truncatedShare: expect.closeTo(1 / 3, 12),
      parsedShare: expect.closeTo(2 / 3, 12),
    }),
    training: {
      problems: 100,
      agents: [
        { agent: 'generation-1', examples: 40 },
        { agent: 'critic-1', examples: 3 },
      ],
    },
  });
});

test('what is not known is not judged: no references, no answers, nobody who spoke', () => {
  const nothing = { ...input, audit: undefined, transcripts: [] as Transcript[] };
  expect(Object.keys(judgeTraining(nothing).point)).toEqual(['iteration', 'training']);
  const unaudited = { ...input, audit: { problems: { agreed: 0, consensusRight: 0 } } as GuardInput['audit'] };
  expect(judgeTraining(unaudited).point).not.toHaveProperty('accuracy');
});

test("only this iteration's findings are reported, against the debates before it", () => {
  const healthy: DriftPoint = {
    iteration: 1,
    accuracy: { value: 0.99, standardError: 0 },
    training: { problems: 100, agents: [{ agent: 'critic-1', examples: 1 }] },
  };
  const audit = { problems: { agreed: 400, consensusRight: 300 } } as GuardInput['audit'];
  const { findings } = judgeTraining({ ...input, audit, before: [healthy] });
  expect(findings.map(({ kind, iteration }) => [kind, iteration])).toEqual([
    ['accuracy-falls', 2],
    ['training-set-nearly-empty', 2],
  ]);
});

test('a run ends at the iteration before the findings, and only where the guard is to stop it', () => {
  const report = judgeTraining(input);
  expect(report.findings).toHaveLength(1);
  const [finding] = report.findings;
  expect(guardStop(report)).toBe(`stopped by guard after iteration 1: ${finding!.message}`);
  expect(guardStop({ ...report, action: 'report' })).toBeUndefined();
  expect(guardStop({ ...report, action: 'pause' })).toBeUndefined();
  expect(guardStop({ ...report, findings: [] })).toBeUndefined();
  expect(guardStop(undefined)).toBeUndefined();
  expect(sentenceOf([finding!, { ...finding!, message: 'another' }])).toBe(`${finding!.message}; another`);
});
