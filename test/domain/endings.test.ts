/** What did not end as an answer should trains nobody and is counted by its name; what was not counted is unknown. */
import fc from 'fast-check';
import type { CallCounts } from '../../src/contract/run';
import type { CompletionEnd, Transcript, Turn } from '../../src/contract/transcript';
import { addCounts, countAnswers, isLowerBound, noCounts, subtractCounts } from '../../src/domain/counts';
import { selectTrainingSets, type SelectionSettings } from '../../src/domain/selection';
import { reportNotices } from '../../src/report/report-notices';
import { buildReport } from '../../src/report/build-report';
import { renderHtml } from '../../src/report/render';
import { debate, selectionSettings as settings } from '../support/debates';
import { reportFixture } from '../support/report-fixture';

/** Three members agree in both rounds; their first answers are changed. */
function withFirstAnswers(change: Partial<Turn>): Transcript {
  const transcript = debate([Array(3).fill('33'), Array(3).fill('33')]);
  const [first, ...later] = transcript.rounds;
  return {
    ...transcript,
    rounds: [{ round: 1, turns: first!.turns.map((turn) => ({ ...turn, ...change })) }, ...later],
  };
}

function outcomesOfFirst(change: Partial<Turn>, changed: Partial<SelectionSettings> = {}) {
  const { report, trainingSets } = selectTrainingSets([withFirstAnswers(change)], { ...settings, ...changed });
  const [agent] = report.agents;
  return { outcomes: agent?.outcomes, trained: trainingSets.get('generation-1')?.length };
}

describe('a first answer that agrees', () => {
  test.each<[Partial<Turn>, string]>([
    [{ finishReason: 'length' }, 'truncated'],
    [{ finishReason: 'length', reportedReason: 'MAX_TOKENS' }, 'truncated'],
    [{ finishReason: 'filtered', reportedReason: 'SAFETY' }, 'filtered'],
    [{ finishReason: 'other', reportedReason: 'error' }, 'ended as error'],
    [{ finishReason: 'other', reportedReason: 'incomplete' }, 'ended as incomplete'],
    // Turns of earlier versions did not keep the name.
    [{ finishReason: 'other' }, 'ended as other'],
    [{ response: ' \n' }, 'empty'],
  ])('and has %j trains nobody, as "%s"', (change, outcome) => {
    for (const select of ['consensus', 'none'] as const) {
      expect(outcomesOfFirst(change, { select })).toEqual({ outcomes: { [outcome]: 1 }, trained: 0 });
    }
  });

  test('and holds no text at all is empty, not unparsable', () => {
    expect(outcomesOfFirst({ response: '', answer: null }).outcomes).toEqual({ empty: 1 });
  });

  test('and has unknown tokens trains, but where a budget of tokens must be kept', () => {
    const usage = { promptTokens: null, completionTokens: null };
    expect(outcomesOfFirst({ usage }).trained).toBe(1);
    expect(outcomesOfFirst({ usage }, { matchTrainingTokens: 100 })).toEqual({
      outcomes: { 'unknown-length': 1 },
      trained: 0,
    });
  });

  test('an endpoint with a new word for every end does not fill the report with them', () => {
    const words = Array.from({ length: 300 }, (_, index) =>
      withFirstAnswers({ finishReason: 'other', reportedReason: `word-${index}` }),
    );
    const { report } = selectTrainingSets(words, settings);
    const { outcomes, responses } = report.agents[0]!;
    expect(Object.keys(outcomes).length).toBeLessThan(50);
    expect(Object.values(outcomes).reduce<number>((sum, each) => sum + (each ?? 0), 0)).toBe(responses);
  });
});

describe('counts', () => {
  const answer = (end: CompletionEnd, completionTokens: number | null = 5, response = 'text') => ({
    ...end,
    response,
    usage: { promptTokens: 10, completionTokens },
  });

  test('say how many calls lack a figure and how calls ended, and nothing where all is well', () => {
    expect(countAnswers([answer({ finishReason: 'stop' })])).toEqual({
      calls: 1,
      promptTokens: 10,
      completionTokens: 5,
    });
    expect(
      countAnswers([
        answer({ finishReason: 'stop' }, null),
        answer({ finishReason: 'filtered' }),
        answer({ finishReason: 'other', reportedReason: 'error' }),
        answer({ finishReason: 'stop' }, 1, ''),
      ]),
    ).toEqual({
      calls: 4,
      promptTokens: 40,
      completionTokens: 11,
      withoutCompletionTokens: 1,
      endings: { filtered: 1, 'ended as error': 1, empty: 1 },
    });
  });

  const counts: fc.Arbitrary<CallCounts> = fc
    .array(fc.tuple(fc.constantFrom('stop', 'length', 'filtered', 'other'), fc.option(fc.nat(9)), fc.boolean()))
    .map((all) =>
      countAnswers(
        all.map(([reason, tokens, isEmpty]) => answer({ finishReason: reason as 'stop' }, tokens, isEmpty ? '' : 'x')),
      ),
    );

  test('what is added can be taken away again', () =>
    fc.assert(
      fc.property(counts, counts, (left, right) => {
        expect(subtractCounts(addCounts(left, right), right)).toEqual(left);
        expect(isLowerBound(addCounts(left, right))).toBe(isLowerBound(left) || isLowerBound(right));
      }),
    ));

  test('hold a bounded number of names', () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      answer({ finishReason: 'other', reportedReason: `${index}` }),
    );
    const { endings = {} } = addCounts(noCounts, countAnswers(many), countAnswers(many));
    expect(Object.keys(endings).length).toBeLessThanOrEqual(21);
    expect(Object.values(endings).reduce((sum, each) => sum + each, 0)).toBe(1000);
  });
});

describe('the report', () => {
  const input = reportFixture({ problems: 20 });
  const withCounts = (change: Partial<CallCounts>) => ({
    ...input,
    prices: { promptPerMillion: 2, completionPerMillion: 10, currency: 'EUR' },
    timings: input.timings.map((timing) => ({ ...timing, counts: { ...timing.counts, ...change } })),
  });
  const costsOf = (page: string) => /<section id="costs"[\s\S]*?<\/section>/.exec(page)?.[0] ?? '';

  test('notices filtered, cut, empty and strange ends by stage, and usual ones not', () => {
    const endings = { filtered: 100, empty: 90, truncated: 80, 'ended as error': 1 };
    const notices = reportNotices(withCounts({ calls: 100, endings })).join('\n');
    expect(notices).toContain('filter, not used for training: 100 of 100 calls (100.0');
    expect(notices).toContain('Empty responses, not used for training: 90 of 100');
    expect(notices).toContain('cut at the token limit, not used for training: 80 of 100');
    expect(notices).toContain('ended as “error”, not used for training: 1 of 100');
    const usual = reportNotices(withCounts({ calls: 1000, endings: { truncated: 50, empty: 2 } })).join('\n');
    expect(usual).not.toMatch(/^(?:Responses|Empty responses) /m);
  });

  test('shows tokens and money as lower bounds where some calls were not counted', () => {
    const report = buildReport(withCounts({ calls: 100, withoutPromptTokens: 40, withoutCompletionTokens: 40 }));
    const costs = costsOf(renderHtml(report));
    expect(costs).toMatch(/≥.\d/);
    expect(report.notices.join('\n')).toContain('did not say the tokens read in');
  });

  test('shows them as unknown, never as 0, where no call was', () => {
    const unknown = { promptTokens: 0, completionTokens: 0, withoutPromptTokens: 100, withoutCompletionTokens: 100 };
    const costs = costsOf(renderHtml(buildReport(withCounts({ calls: 100, ...unknown }))));
    expect(costs).toContain('unknown');
    expect(costs).not.toContain('0.00');
  });
});
