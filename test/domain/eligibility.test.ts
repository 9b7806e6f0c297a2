import { rejectionOutcomes } from '../../src/contract/training';
import type { Transcript, Turn } from '../../src/contract/transcript';
import { responsesOf } from '../../src/domain/agent-responses';
import {
  judgeProblem,
  outcomeBeforeSampling,
  type AgentResponse,
  type ProblemJudgement,
  type SelectionSettings,
} from '../../src/domain/eligibility';
import { debate, failedDebate, selectionSettings as settings } from '../support/debates';

const noVerdict = () => false;

/** A response against which everything speaks, and what takes each reason away, in the order in which reasons apply. */
const turn = { ...debate([['1']]).rounds[0]!.turns[0]!, answer: null, response: '' };
const worst = {
  response: {
    ...{ round: 1, isTarget: false, set: 'generation' as const },
    turn: { ...turn, finishReason: 'filtered' as const, usage: { promptTokens: 11, completionTokens: null } } as Turn,
    prompt: { ...turn, usage: { promptTokens: 101, completionTokens: 5 } } as Turn,
    deciding: turn as Turn,
  } satisfies AgentResponse as AgentResponse,
  judgement: {
    rejection: 'no-consensus',
    belowAgreement: true,
    tieBroken: false,
    isRight: () => false,
  } as ProblemJudgement,
};
type Case = typeof worst;

const withTurn = ({ response, ...rest }: Case, change: Partial<Turn>): Case => ({
  ...rest,
  response: { ...response, turn: { ...response.turn, ...change } },
});
const mends: [outcome: string, mend: (each: Case) => Case][] = [
  ['no-consensus', ({ judgement: { rejection: _, ...judgement }, ...rest }) => ({ ...rest, judgement })],
  ['not-a-target', ({ response, ...rest }) => ({ ...rest, response: { ...response, isTarget: true } })],
  ['filtered', (each) => withTurn(each, { finishReason: 'stop' })],
  ['empty', (each) => withTurn(each, { finishReason: 'length', response: 'one' })],
  [
    'unparsable',
    ({ response, ...rest }) => ({
      ...rest,
      response: { ...response, deciding: { ...response.deciding, answer: '1' } },
    }),
  ],
  ['disagrees', ({ judgement, ...rest }) => ({ ...rest, judgement: { ...judgement, isRight: () => true } })],
  ['below-agreement', ({ judgement, ...rest }) => ({ ...rest, judgement: { ...judgement, belowAgreement: false } })],
  ['truncated', (each) => withTurn(each, { finishReason: 'stop' })],
  ['unknown-length', (each) => withTurn(each, { usage: { promptTokens: 11, completionTokens: 5 } })],
  [
    'too-long',
    ({ response, ...rest }) => ({
      ...rest,
      response: { ...response, prompt: { ...response.prompt, usage: { promptTokens: 95, completionTokens: 5 } } },
    }),
  ],
];

test('of all reasons against a response the first one counts, in the documented order', () => {
  const limited = { ...settings, matchTrainingTokens: 1000, maxLength: 100 };
  let each = worst;
  const outcomes = mends.map(([, mend]) => {
    const outcome = outcomeBeforeSampling(each.response, each.judgement, limited);
    each = mend(each);
    return outcome;
  });
  expect(outcomes).toEqual(mends.map(([outcome]) => outcome));
  expect(outcomeBeforeSampling(each.response, each.judgement, limited)).toBe('generation');
  const asDocumented = [...rejectionOutcomes].filter((outcome) => (outcomes as string[]).includes(outcome));
  expect(outcomes).toEqual(asDocumented);
});

test('with select: none neither answer nor agreement speak against a response', () => {
  const each = mends.slice(0, 4).reduce((before, [, mend]) => mend(before), worst);
  const wholeTurn = withTurn(each, { finishReason: 'stop' });
  const fitting = { ...settings, select: 'none' as const, maxLength: 101 };
  expect(outcomeBeforeSampling(wholeTurn.response, wholeTurn.judgement, fitting)).toBe('generation');
  expect(outcomeBeforeSampling(each.response, each.judgement, fitting)).toBe('truncated');
});

/** Prompts grow from round to round, and responses are of uneven length. */
function uneven(transcript: Transcript): Transcript {
  const usageOf = (round: number, member: number) => ({
    promptTokens: 20 * round,
    completionTokens: 10 * round + member,
  });
  return {
    ...transcript,
    rounds: transcript.rounds.map(({ round, turns }) => ({
      round,
      turns: turns.map((each) => ({ ...each, usage: usageOf(round, each.member) })),
    })),
  };
}

const agreed = uneven(
  debate([
    ['1', '1', '1'],
    ['1', '1', '1'],
  ]),
);
const outcomesOf = (agent: string, changed: Partial<SelectionSettings>) => {
  const chosen = { ...settings, ...changed };
  const judgement = judgeProblem(agreed, chosen, noVerdict);
  return responsesOf(agent, agreed, chosen, judgement)
    .filter(({ isTarget }) => isTarget)
    .map((response) => outcomeBeforeSampling(response, judgement, chosen));
};

test("the one model's examples are as long as the question's prompt and the last answer, which is what it is trained on", () => {
  // 20 tokens of the first prompt, and 21, 22 and 23 of the answers in round 2, whose own prompts have 40.
  const one = { weights: 'one' } as const;
  expect(outcomesOf('shared', { ...one, maxLength: 43 })).toEqual(['majority', 'majority', 'majority']);
  expect(outcomesOf('shared', { ...one, maxLength: 42 })).toEqual(['majority', 'majority', 'too-long']);
  expect(outcomesOf('shared', { ...one, maxLength: 40 })).toEqual(['too-long', 'too-long', 'too-long']);
});

test("a critic's examples are as long as its own prompt and answer", () => {
  expect(outcomesOf('critic-2', { maxLength: 62 })).toEqual(['consistent']);
  expect(outcomesOf('critic-2', { maxLength: 61 })).toEqual(['too-long']);
});

describe('a problem', () => {
  const split = debate([['1', '1', '2', '3']]);
  const four = { ...settings, members: 4, rounds: 1 };
  const judged = (changed: Partial<SelectionSettings>, transcript = split) =>
    judgeProblem(transcript, { ...four, ...changed }, (_, answer) => answer === '3');
  const rightOf = ({ isRight }: ProblemJudgement, transcript = split) =>
    transcript.rounds[0]!.turns.map((each) => isRight(each));

  test('that failed is rejected, whatever decides', () => {
    for (const select of ['consensus', 'none', 'reference'] as const) {
      const judgement = judged({ select }, failedDebate([['1', '1', '2', '3']], 'p'));
      expect(judgement).toMatchObject({ rejection: 'failed', belowAgreement: false, tieBroken: false });
      expect(judgement.isRight({ ...turn, answer: '3', agrees: true } as Turn)).toBe(false);
    }
  });

  test('is judged by its vote, by reference answers, or not at all', () => {
    expect(rightOf(judged({ select: 'consensus' }))).toEqual([true, true, false, false]);
    expect(rightOf(judged({ select: 'reference' }))).toEqual([false, false, false, true]);
    expect(rightOf(judged({ select: 'none' }))).toEqual([true, true, true, true]);
  });

  test('without an answer that parses has no right one, neither for the vote nor for the reference', () => {
    const silent = debate([[null, null, null, null]]);
    expect(judged({}, silent)).toMatchObject({ rejection: 'no-consensus' });
    expect(rightOf(judged({ select: 'reference' }, silent), silent)).toEqual([false, false, false, false]);
    expect(rightOf(judged({}, silent), silent)).toEqual([false, false, false, false]);
    expect(judged({ select: 'reference' }, silent).rejection).toBeUndefined();
    const unasked = judgeProblem(silent, { ...four, select: 'reference' }, () => true);
    expect(rightOf(unasked, silent)).toEqual([false, false, false, false]);
    expect(judged({}).isRight({ ...turn, answer: null, agrees: true } as Turn)).toBe(false);
  });

  test('is below the agreement only where the vote decides', () => {
    expect(judged({ minimumAgreement: 0.5 }).belowAgreement).toBe(true);
    expect(judged({ minimumAgreement: 0.49 }).belowAgreement).toBe(false);
    expect(judged({ minimumAgreement: 0.9, select: 'reference' }).belowAgreement).toBe(false);
    expect(judged({ minimumAgreement: 0.9, select: 'none' }).belowAgreement).toBe(false);
  });

  test('says whether its vote was a tie', () => {
    expect(judged({}).tieBroken).toBe(false);
    expect(judged({}, debate([['1', '2', null, null]])).tieBroken).toBe(true);
  });
});
