import type { AnswerMode, Evaluation } from '../../src/contract/evaluation';
import { buildReport } from '../../src/report';
import type { ReportInput } from '../../src/report';
import { reportFixture } from '../support/report-fixture';

/** Replaces the verdicts of one mode at one iteration: right on the first `correct` problems. */
function withCorrect(
  input: ReportInput,
  change: { iteration: number; mode: AnswerMode; correct: number },
): ReportInput {
  const { iteration, mode, correct } = change;
  const changed = (evaluation: Evaluation): Evaluation => ({
    ...evaluation,
    perProblem: evaluation.perProblem.map((result, index) => ({
      ...result,
      correct: { ...result.correct, [mode]: index < correct },
    })),
    modes: evaluation.modes.map((result) =>
      result.mode === mode ? { ...result, correct, accuracy: correct / result.problems } : result,
    ),
  });
  const iterations = input.iterations.map((artifacts) =>
    artifacts.iteration === iteration && artifacts.evaluation !== undefined
      ? { ...artifacts, evaluation: changed(artifacts.evaluation) }
      : artifacts,
  );
  return { ...input, iterations };
}

const plain = (text: string) => text.replace(/\u00a0/g, ' ');

describe('the headline', () => {
  const untuned = withCorrect(reportFixture(), { iteration: 0, mode: 'society', correct: 300 });

  test('says by how much the society improved, with interval, p-value and n', () => {
    const { headline } = buildReport(withCorrect(untuned, { iteration: 2, mode: 'society', correct: 360 }));
    expect(plain(headline)).toBe(
      'After 2 iterations of finetuning the society answers 72.0 % of 500 evaluation problems correctly, 12.0 points more ' +
        'than the untuned one’s 60.0 % (95 % interval +9.2 to +15.0, McNemar p < 0.001, n = 500).',
    );
  });

  test('says that there is no clear difference where the interval holds 0', () => {
    const { headline } = buildReport(withCorrect(untuned, { iteration: 2, mode: 'society', correct: 302 }));
    expect(plain(headline)).toContain('no clear difference from the untuned one’s 60.0 % (+0.4 points, 95 % interval');
  });

  test('says that the society got worse where it did', () => {
    const { headline } = buildReport(withCorrect(untuned, { iteration: 2, mode: 'society', correct: 250 }));
    expect(plain(headline)).toContain('10.0 points fewer than the untuned one’s 60.0 %');
  });

  test('claims nothing before anything was evaluated', () => {
    expect(buildReport(reportFixture({ evaluatedUpTo: -1 })).headline).toBe('Nothing has been evaluated yet.');
    expect(buildReport(reportFixture({ evaluatedUpTo: 0 })).headline).toContain(
      'No finetuned society has been evaluated yet',
    );
  });
});

describe('equal calls', () => {
  test('an untuned vote over nine that beats the debate is said to', () => {
    const weakDebate = withCorrect(reportFixture(), { iteration: 0, mode: 'society', correct: 300 });
    const { statements } = buildReport(withCorrect(weakDebate, { iteration: 0, mode: 'vote-9', correct: 420 }));
    expect(plain(statements.join('\n'))).toContain('“Vote over 9, untuned” beats “Debate, untuned” (+24.0 points');
  });

  test('the finetuned society is held against the untuned vote, first of all pairs, and no pair twice', () => {
    const strong = withCorrect(reportFixture(), { iteration: 2, mode: 'vote-9', correct: 490 });
    const input = withCorrect(strong, { iteration: 0, mode: 'vote-9', correct: 480 });
    const pairs = plain(buildReport(input).statements.join('\n'))
      .split('\n')
      .slice(-4)
      .map((text) => text.match(/“[^”]+”/g)!.join(' and '));
    expect(pairs).toEqual([
      '“Vote over 9 after iteration 2” and “Vote over 9, untuned”',
      '“Society after iteration 2” and “Vote over 9, untuned”',
      '“Vote over 9, untuned” and “Debate, untuned”',
      '“Vote over 9 after iteration 2” and “Society after iteration 2”',
    ]);
  });

  test('the winner is named whoever it is, and whether it is clearly ahead', () => {
    const untuned = withCorrect(reportFixture(), { iteration: 0, mode: 'vote-9', correct: 499 });
    const winner = (input: ReportInput) =>
      buildReport(input).statements.find((text) => text.startsWith('At equal calls'));
    expect(plain(winner(untuned) ?? '')).toContain('“Vote over 9, untuned” wins with 99.8 %, clearly ahead of');
    const close = withCorrect(untuned, { iteration: 2, mode: 'vote-9', correct: 498 });
    expect(plain(winner(close) ?? '')).toContain('not clearly ahead of “Vote over 9 after iteration 2”');
  });

  test('the rows carry calls and tokens per problem, and the untuned debate is what they are compared with', () => {
    const { rows } = buildReport(reportFixture());
    expect(rows.map(({ label, callsPerProblem }) => [label, callsPerProblem])).toEqual([
      ['Base: one sample, untuned', 1],
      ['Majority of 3, untuned', 3],
      ['Debate, untuned', 9],
      ['Society after iteration 1', 9],
      ['Society after iteration 2', 9],
      ['One sample after iteration 2', 1],
      ['Vote over 3 after iteration 2', 3],
      ['Vote over 9, untuned', 9],
      ['Vote over 9 after iteration 2', 9],
    ]);
    expect(rows.filter(({ comparison }) => comparison === null).map(({ label }) => label)).toEqual(['Debate, untuned']);
    expect(rows.every(({ tokensPerProblem, callsPerProblem }) => tokensPerProblem === 69 * callsPerProblem)).toBe(true);
  });
});

describe('comparisons', () => {
  test('problems that only one of the two answered are left out of the pairs, and n says so', () => {
    const input = reportFixture();
    const [first, ...others] = input.iterations;
    if (first?.evaluation === undefined) throw new Error('the fixture has no evaluation of iteration 0');
    const shorter = {
      ...first,
      evaluation: { ...first.evaluation, perProblem: first.evaluation.perProblem.slice(100) },
    };
    const { rows } = buildReport({ ...input, iterations: [shorter, ...others] });
    expect(rows.find(({ id }) => id === 'iteration-2/society')?.comparison?.n).toBe(400);
  });

  test('iterations may come in any order', () => {
    const input = reportFixture();
    expect(buildReport({ ...input, iterations: [...input.iterations].reverse() })).toEqual(buildReport(input));
  });
});

describe('shapes', () => {
  test.each([
    ['one member, one round', { members: 1, rounds: 1 }, ['Base: one sample, untuned', 'Society after iteration 2']],
    ['one member, two rounds', { members: 1, rounds: 2 }, ['Base: one sample, untuned', 'Debate, untuned']],
    ['one round', { rounds: 1 }, ['Base: one sample, untuned', 'Majority of 3, untuned', 'Society after iteration 2']],
    [
      'five members',
      { members: 5 },
      ['Majority of 5, untuned', 'Vote over 15, untuned', 'Vote over 15 after iteration 2'],
    ],
    ['control', { method: { select: 'none' } }, ['Debate, untuned', 'Society after iteration 2 (select: none)']],
  ])('%s', (_, shape, labels) => {
    const found = buildReport(reportFixture(shape)).rows.map(({ label }) => label);
    expect(found).toEqual(expect.arrayContaining(labels));
    expect(new Set(found).size).toBe(found.length);
  });
});

test('settings that let reference answers end a run are named beside its results', () => {
  const input = reportFixture();
  const { stopWhen } = input.run.specification;
  Object.assign(input.run.specification, { stopWhen: { ...stopWhen, signal: 'plateau' }, guard: 'stop' });
  const { rows, notices } = buildReport(input);
  expect(rows.map(({ label }) => label)).toContain('Society after iteration 2 (stopWhen: plateau, guard: stop)');
  expect(notices.map(plain).join()).toContain('(stopWhen: plateau): it is not label-free');
});

describe('notices', () => {
  const noticesOf = (input: ReportInput) => buildReport(input).notices.map(plain);

  test('failed problems, empty training sets and tie draws are counted', () => {
    const notices = noticesOf(reportFixture({ failedProblems: 4, emptyAgents: ['critic-2'] }));
    expect(notices).toEqual(
      expect.arrayContaining([
        expect.stringContaining('count as wrong: 4 of 500 (0.8 %) at iteration 0, 4 of 500 (0.8 %) at iteration 1'),
        expect.stringContaining('training set was empty: critic-2 at iteration 1, critic-2 at iteration 2.'),
        expect.stringContaining('decided by a tie draw'),
      ]),
    );
  });

  test('examples that only the trainer found too long are counted by agent', () => {
    const input = reportFixture();
    for (const record of input.iterations[1]?.weights ?? []) {
      if (record.agent === 'critic-1' && record.training) record.training.tooLong = 3;
    }
    expect(noticesOf(input)).toContain(
      'Training examples that the trainer found longer than finetuning.maxLength and left out, not cut: 3 of critic-1 at iteration 1.',
    );
  });

  test('examples that spell control tokens and agents that a training left as they were are counted by agent', () => {
    const input = reportFixture();
    for (const record of input.iterations[1]?.weights ?? []) {
      if (record.agent === 'critic-1' && record.training)
        Object.assign(record.training, { spelled: 2, unchanged: true });
    }
    const notices = noticesOf(input);
    expect(notices).toContainEqual(expect.stringMatching(/^Training examples that spell control .* 2 of critic-1 at/));
    expect(notices).toContainEqual(
      expect.stringMatching(/^Agents whose weights are the same .*: critic-1 at iteration 1/),
    );
  });

  test('an unfinished run and a control say what they are', () => {
    expect(noticesOf(reportFixture({ evaluatedUpTo: 1 }))).toContain(
      'Not finished when this was written: 1 of 2 iterations evaluated. Whether it still goes on: maft status demo-7f3a21',
    );
    expect(noticesOf(reportFixture({ method: { select: 'none' } }))).toContain(
      'Training examples were not selected at all (select: none): this run is a control.',
    );
  });

  test('an endpoint that counts no tokens is named, because their 0 is no number', () => {
    const input = reportFixture();
    const sentence = /does not say how many tokens it read and wrote/;
    expect(noticesOf(input)).not.toContainEqual(expect.stringMatching(sentence));
    const timings = input.timings.map(({ counts, ...timing }) => ({
      ...timing,
      counts: { calls: counts.calls, promptTokens: 0, completionTokens: 0 },
    }));
    expect(noticesOf({ ...input, timings })).toContainEqual(expect.stringMatching(sentence));
  });

  test('the same sentence from two sources appears once', () => {
    const input = reportFixture();
    const sentence = 'The endpoint was down for 3 minutes.';
    const repeated = {
      ...input,
      run: { ...input.run, plan: { ...input.run.plan, notices: [sentence] } },
      notices: [sentence],
    };
    expect(noticesOf(repeated).filter((notice) => notice === sentence)).toHaveLength(1);
  });
});

test('report.json is plain data: what is read back is what was written', () => {
  const report = buildReport(reportFixture());
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});
