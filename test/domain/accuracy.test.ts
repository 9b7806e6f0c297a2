import { evaluateTranscripts, type EvaluationInput } from '../../src/domain/accuracy';
import { auditConsensus } from '../../src/domain/audit';
import { selectTrainingSets } from '../../src/domain/selection';
import { debate, failedDebate, sameText, selectionSettings } from '../support/debates';

const transcripts = [
  debate(
    [
      ['1', '2', '1'],
      ['1', '1', '1'],
    ],
    { problemId: 'p1' },
  ),
  debate(
    [
      ['2', '1', '1'],
      ['2', '2', '1'],
    ],
    { problemId: 'p2' },
  ),
  debate(
    [
      ['1', null, '1'],
      [null, null, null],
    ],
    { problemId: 'p3' },
  ),
  failedDebate([['1', '1']], 'p4'),
];
const input: EvaluationInput = {
  runId: 'r',
  iteration: 1,
  split: 'eval',
  seed: 0,
  members: 3,
  rounds: 2,
  answersBy: 'debate',
  transcripts,
  equal: sameText,
  isCorrect: (_, answer) => answer === '1',
};
const modeOf = (mode: string, changed: Partial<EvaluationInput> = {}) =>
  evaluateTranscripts({ ...input, ...changed }).modes.find((each) => each.mode === mode);

test('4. accuracy counts all problems: failed ones and those without a parsable answer are wrong', () => {
  expect(modeOf('society')).toMatchObject({ problems: 4, correct: 1, accuracy: 0.25, noAnswer: 2 });
  expect(evaluateTranscripts(input)).toMatchObject({ problems: 4, failed: 1, withoutConsensus: 1 });
});

test('the standard error is the population deviation of correctness over the root of n', () =>
  expect(modeOf('society')!.standardError).toBeCloseTo(Math.sqrt(0.25 * 0.75) / 2, 12));

test("one sample is the first answer of generation-1; a vote over N reads the debate's first round", () => {
  expect(modeOf('sample')).toMatchObject({ correct: 3, callsPerProblem: 1, noAnswer: 0 });
  expect(modeOf('vote-3')).toMatchObject({ correct: 3, callsPerProblem: 3, noAnswer: 1 });
  expect(modeOf('sample')!.counts).toEqual({ calls: 4, promptTokens: 40, completionTokens: 20 });
});

test('a vote over k counts a problem without all k samples as wrong', () => {
  const usage = { promptTokens: 1, completionTokens: 2 };
  const beside = new Map([
    ['p1', { samples: ['1', '1', '2', '1', null].map((answer) => ({ answer, usage })) }],
    ['p2', { samples: ['2', '2', '2', '1', '1'].map((answer) => ({ answer, usage })) }],
  ]);
  const votes = { beside, voteSizes: [5] };
  expect(modeOf('vote-5', votes)).toMatchObject({ problems: 4, correct: 1, noAnswer: 2, callsPerProblem: 5 });
});

test('votes of several sizes are read from one list of samples, small ones from the first round itself', () => {
  const usage = { promptTokens: 1, completionTokens: 2 };
  const beside = new Map([['p1', { samples: ['1', '2', '2', '2', '1'].map((answer) => ({ answer, usage })) }]]);
  const votes = { beside, voteSizes: [1, 2, 3, 4, 5, 7] };
  const sizes = evaluateTranscripts({ ...input, ...votes }).modes.map(({ mode }) => mode);
  expect(sizes).toEqual(['society', 'sample', 'vote-3', 'vote-2', 'vote-4', 'vote-5']);
  expect(modeOf('vote-4', votes)).toMatchObject({ correct: 0, callsPerProblem: 4, noAnswer: 3 });
  // Member 1 and 2 of p1..p4: 1 2 (a tie), 2 1 (a tie), 1 –, 1 1.
  expect(modeOf('vote-2', votes)).toMatchObject({ callsPerProblem: 2, noAnswer: 0, tieBroken: 2 });
});

describe('beside the debate', () => {
  const usage = { promptTokens: 1, completionTokens: 2 };
  const answered = (answers: string[], atEqualTokens: number) => ({
    samples: answers.map((answer) => ({ answer, usage })),
    atEqualTokens,
    single: [{ temperature: 0, answer: answers[0]!, usage }],
  });
  // p4 failed: nothing was asked beside its debate.
  const beside = new Map([
    ['p1', answered(['1', '2', '1', '2', '2'], 3)],
    ['p2', answered(['2', '2', '1', '1', '1'], 5)],
    ['p3', answered(['2', '2', '1', '1', '1'], 4)],
  ]);
  const besides = { beside, temperatures: [0, 0.5] };

  test('a vote at equal tokens takes as many samples of each problem as its debate cost, and a mean of calls', () => {
    expect(modeOf('vote-equal-tokens', besides)).toMatchObject({ problems: 4, noAnswer: 1, callsPerProblem: 4 });
    // 1 of 1 2 1; 1 of 2 2 1 1 1; a tie of 2 2 1 1.
    expect([2, 3]).toContain(modeOf('vote-equal-tokens', besides)!.correct);
    expect(modeOf('vote-equal-tokens', besides)).toMatchObject({ tieBroken: 1 });
  });

  test('a single answer at another temperature is one call, and wrong where the problem failed', () =>
    expect(modeOf('sample-at-0', besides)).toMatchObject({ problems: 4, correct: 1, callsPerProblem: 1, noAnswer: 1 }));

  test('what one debated problem lacks is not shown at all', () => {
    expect(modeOf('sample-at-0.5', besides)).toBeUndefined();
    const uncounted = new Map([...beside, ['p1', { samples: [] }]] as [string, { samples: [] }][]);
    expect(modeOf('vote-equal-tokens', { beside: uncounted })).toBeUndefined();
    expect(modeOf('vote-equal-tokens')).toBeUndefined();
  });
});

test('a society that answers by sample or vote is scored by that', () => {
  expect(modeOf('society', { answersBy: 'sample' })).toMatchObject({ correct: 3 });
  const oneRound = [debate([['1', '2', '1']], { problemId: 'p1' })];
  expect(modeOf('society', { answersBy: 'vote', rounds: 1, transcripts: oneRound })).toMatchObject({
    correct: 1,
    callsPerProblem: 3,
  });
});

test('members have their own first and last accuracy, over all problems', () => {
  const { members, meanFirstAccuracy } = evaluateTranscripts(input);
  expect(members).toEqual([
    { member: 1, first: 0.75, last: 0.25 },
    { member: 2, first: 0.5, last: 0.25 },
    { member: 3, first: 0.75, last: 0.5 },
  ]);
  expect(meanFirstAccuracy).toBeCloseTo(2 / 3, 12);
});

test('agreement is the mean share of the winning group where there is a consensus, null where there is none', () => {
  expect(evaluateTranscripts(input).agreement).toBeCloseTo((1 + 2 / 3) / 2, 12);
  expect(evaluateTranscripts({ ...input, transcripts: [transcripts[2]!] }).agreement).toBeNull();
  expect(evaluateTranscripts({ ...input, transcripts: [] })).toMatchObject({ problems: 0, agreement: null });
});

test('every mode says of every problem whether it was right, so that comparisons can be paired', () =>
  expect(evaluateTranscripts(input).perProblem).toEqual([
    { problemId: 'p1', correct: { society: true, sample: true, 'vote-3': true } },
    { problemId: 'p2', correct: { society: false, sample: false, 'vote-3': true } },
    { problemId: 'p3', correct: { society: false, sample: true, 'vote-3': true } },
    { problemId: 'p4', correct: { society: false, sample: true, 'vote-3': false } },
  ]));

test('the audit counts examples that rest on a wrong consensus', () => {
  const { trainingSets } = selectTrainingSets(transcripts, selectionSettings);
  const audit = auditConsensus({ iteration: 1, transcripts, trainingSets, isRight: input.isCorrect });
  expect(audit.problems).toEqual({ agreed: 2, consensusRight: 1 });
  expect(audit.agents.find(({ agent }) => agent === 'critic-1')).toEqual({
    agent: 'critic-1',
    examples: 2,
    wrongConsensus: 1,
  });
});
