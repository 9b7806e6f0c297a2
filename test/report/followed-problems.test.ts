import { chooseFollowedProblems, followProblems } from '../../src/report/followed-problems';
import type { IterationArtifacts } from '../../src/report/report-input';
import { buildReport, renderHtml } from '../../src/report';
import { runPrices, priceOf } from '../../src/domain/money';
import { reportFixture } from '../support/report-fixture';

const size = { seed: 1, members: 3, rounds: 2 };

/** Evaluations in which each problem was right (`r`) or wrong at each iteration: `{ a: 'wr' }`. */
function evaluated(paths: Record<string, string>): IterationArtifacts[] {
  const { evaluation } = reportFixture({ problems: 1, evaluatedUpTo: 0 }).iterations[0]!;
  const length = Math.max(...Object.values(paths).map((path) => path.length));
  return Array.from({ length }, (_, iteration) => ({
    iteration,
    weights: [],
    evaluation: {
      ...evaluation!,
      iteration,
      perProblem: Object.entries(paths).map(([problemId, path]) => ({
        problemId,
        correct: { society: path[iteration] === 'r' },
      })),
    },
  }));
}

describe('which problems are followed', () => {
  test('one of each kind that occurs comes first, and the reason is what became of it', () => {
    const chosen = chooseFollowedProblems(evaluated({ a: 'wwr', b: 'rrw', c: 'www', d: 'rwr', e: 'rrr' }), size);
    expect(Object.fromEntries(chosen.map(({ problemId, reason }) => [problemId, reason]))).toEqual({
      a: 'won: wrong at first, right at last',
      b: 'lost: right at first, wrong at last',
      c: 'always wrong',
      d: 'back and forth',
      e: 'always right',
    });
  });

  test('no problem is followed twice, and none before a second evaluation', () => {
    const paths = { a: 'wr', b: 'wr', c: 'wr', d: 'rr', e: 'rr' };
    const ids = chooseFollowedProblems(evaluated(paths), size).map(({ problemId }) => problemId);
    expect([...ids].sort()).toEqual([...new Set(ids)].sort());
    expect(ids.filter((id) => ['d', 'e'].includes(id))).toHaveLength(1);
    expect(chooseFollowedProblems(evaluated({ a: 'r' }), size)).toEqual([]);
    expect(chooseFollowedProblems([], size)).toEqual([]);
  });

  test('the larger the debates, the fewer problems: the page stays readable', () => {
    const paths = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, 'wr']));
    expect(chooseFollowedProblems(evaluated(paths), { ...size, members: 30, rounds: 4 })).toHaveLength(2);
  });

  test('the order of the iterations does not matter', () => {
    const iterations = evaluated({ a: 'wwr', b: 'rrw' });
    expect(chooseFollowedProblems([...iterations].reverse(), size)).toEqual(chooseFollowedProblems(iterations, size));
  });
});

describe('what is shown of them', () => {
  const input = reportFixture({ problems: 40 });
  const shown = (rightAnswers: string[] | null) => {
    const [first] = input.followed!;
    const problemId = first!.transcript.problemId;
    const [problem] = followProblems({
      chosen: [{ problemId, reason: 'won' }],
      debates: [{ ...first!, rightAnswers }],
      iterations: input.iterations,
      types: {},
      references: {},
    });
    return problem!.debates[0]!.rounds.flat();
  };

  test('right is what equals the reference answer; without one nothing is called right or wrong', () => {
    const answers = shown(null);
    const given = answers.find(({ answer }) => answer !== null)!.answer!;
    expect(answers.every(({ right }) => right === null)).toBe(true);
    for (const { answer, right } of shown([given])) expect(right).toBe(answer === given);
    expect(shown([]).every(({ right }) => right === false)).toBe(true);
  });

  test('every answer has a symbol and words, not a colour alone, and its text can be read', () => {
    const page = renderHtml(buildReport(input));
    const section = /<section id="followed"[\s\S]*?<\/section>/.exec(page)?.[0] ?? '';
    const marks = [...section.matchAll(/<span class="mark [\w-]+" role="img" aria-label="([^"]+)">([^<]+)<\/span>/g)];
    const found = new Set(marks.map(([, spoken, symbol]) => `${symbol} ${spoken}`));
    expect([...found]).toEqual(expect.arrayContaining(['✓ right', '✗ wrong']));
    expect(section).toContain('critic-3');
    expect(section).toContain('Texts of the untuned society');
  });

  test('a run whose debates cannot be read has no such section', () => {
    expect(renderHtml(buildReport({ ...input, followed: undefined }))).not.toContain('id="followed"');
  });
});

describe('money', () => {
  const prices = { promptPerMillion: 2, completionPerMillion: 10, currency: 'EUR' };

  test('is tokens times prices', () => {
    expect(priceOf({ promptTokens: 500_000, completionTokens: 100_000 }, prices)).toBeCloseTo(2, 12);
  });

  test('is not guessed where members ask other endpoints', () => {
    expect(runPrices(['embedded'], () => prices)).toEqual(prices);
    expect(runPrices(['embedded', 'other'], () => prices)).toBeUndefined();
    expect(runPrices(['embedded'], () => undefined)).toBeUndefined();
  });

  test('stands per stage and per thousand problems where there are prices, and nowhere else', () => {
    const input = reportFixture({ problems: 40 });
    const priced = buildReport({ ...input, prices });
    const [row] = priced.rows;
    // 31 prompt and 38 completion tokens per call.
    expect(row?.moneyPerThousandProblems).toBeCloseTo((row?.callsPerProblem ?? 0) * (31 * 2 + 38 * 10) * 1e-3, 9);
    expect(renderHtml(priced)).toContain('EUR');
    const unpriced = buildReport(input);
    expect(unpriced.rows.every(({ moneyPerThousandProblems }) => moneyPerThousandProblems === null)).toBe(true);
    expect(renderHtml(unpriced)).toContain('has no prices');
  });
});
