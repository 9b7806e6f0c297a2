/** Runs in which nothing is as it should be: what the report says of them is true and short. */
import type { Evaluation } from '../../src/contract/evaluation';
import { standardError } from '../../src/domain/statistics';
import { buildReport, renderHtml, renderTable, type ReportInput } from '../../src/report';
import { reportFixture } from '../support/report-fixture';

jest.unmock('../../src/pages/svg');

interface Told {
  /** How many problems each mode answers correctly at iteration 0 and 1, the first ones. */
  correct: [number, number];
  problems?: number;
  nothingTrained?: boolean;
  filtered?: boolean;
}

const agents = ['generation-1', 'generation-2', 'generation-3', 'critic-1', 'critic-2', 'critic-3'];

/** One iteration, with accuracies as told. */
function run({ correct, problems = 20, nothingTrained = false, filtered = false }: Told): ReportInput {
  const input = reportFixture({ iterations: 1, evaluatedUpTo: 1, problems, emptyAgents: nothingTrained ? agents : [] });
  const told = (evaluation: Evaluation, right: number): Evaluation => ({
    ...evaluation,
    modes: evaluation.modes.map((mode) => ({
      ...mode,
      correct: right,
      accuracy: right / problems,
      standardError: standardError({ correct: right, n: problems }),
    })),
    perProblem: evaluation.perProblem.map(({ problemId, correct: modes }, index) => ({
      problemId,
      correct: Object.fromEntries(Object.keys(modes).map((mode) => [mode, index < right])),
    })),
  });
  const iterations = input.iterations.map((artifacts) => ({
    ...artifacts,
    ...(artifacts.evaluation && { evaluation: told(artifacts.evaluation, correct[artifacts.iteration] ?? 0) }),
  }));
  const timings = input.timings.map((timing) => ({
    ...timing,
    counts: filtered ? { ...timing.counts, endings: { filtered: timing.counts.calls } } : timing.counts,
  }));
  return { ...input, iterations, timings };
}

const plain = (text: string) => text.replace(/\u00a0/g, ' ');
const headline = (told: Told) => plain(buildReport(run(told)).headline);
const everything = (told: Told) => {
  const report = buildReport(run(told));
  return plain([renderTable(report, { ascii: false, width: 10_000 }), renderHtml(report)].join('\n'));
};

test('nothing trained: the headline says that and why, and nothing is said of a finetuned society', () => {
  const told = { correct: [0, 0] as [number, number], nothingTrained: true };
  expect(headline(told)).toBe(
    'Nothing was trained: every training set was empty. The society answers none of 20 evaluation problems correctly.',
  );
  const { statements, notices } = buildReport(run(told));
  expect(statements.map(plain)).toEqual(['At equal calls (9 per problem) no method answers any problem correctly.']);
  expect(plain(notices.join())).toContain('their training set was empty: all agents at iteration 1.');
});

test('an untrained society that answers some problems is not held against itself', () => {
  const { statements } = buildReport(run({ correct: [5, 8], nothingTrained: true }));
  expect(statements.join()).not.toMatch(/after iteration|hindsight/);
});

test('0 %: none, before and after', () => {
  expect(headline({ correct: [0, 0] })).toBe(
    'After 1 iteration of finetuning the society answers none of 20 evaluation problems correctly, like the untuned one ' +
      '(0.0 points, 95 % interval −16.1 to +16.1, McNemar p = 1.000, n = 20).',
  );
  expect(headline({ correct: [12, 0] })).toContain(
    'answers none of 20 evaluation problems correctly, 60.0 points fewer than the untuned one’s 60.0 %',
  );
});

test('100 %: all of them', () => {
  expect(headline({ correct: [8, 20] })).toContain(
    'answers all 20 evaluation problems correctly, 60.0 points more than the untuned one’s 40.0 %',
  );
});

test('one problem: what became of it, and that it shows nothing of others', () => {
  expect(headline({ problems: 1, correct: [0, 1] })).toBe(
    'After 1 iteration of finetuning the society answers the one evaluation problem correctly; the untuned one was wrong. ' +
      'One problem shows nothing of others.',
  );
  expect(headline({ problems: 1, correct: [1, 0] })).toContain('wrongly; the untuned one was right.');
  expect(buildReport(run({ problems: 1, correct: [0, 1] })).statements).toEqual([]);
});

test('all equal: the same problems are right before and after, by every method, and none is called best', () => {
  expect(headline({ correct: [12, 12] })).toBe(
    'After 1 iteration of finetuning the society answers 60.0 % of 20 evaluation problems correctly, the same ones as the ' +
      'untuned one (0.0 points, 95 % interval −16.1 to +16.1, McNemar p = 1.000, n = 20).',
  );
  const { statements } = buildReport(run({ correct: [12, 12] }));
  expect(plain(statements.join('\n'))).toMatch(/^At equal calls .* are level with 60\.0 % \(0\.0 points/m);
  expect(statements.join()).not.toMatch(/Highest on|most accurate/);
});

test('all equal on the validation split: no iteration is called best', () => {
  const { statements } = buildReport({ ...run({ correct: [12, 12] }), validation: [0.5, 0.5] });
  expect(plain(statements[0]!)).toBe('Every iteration has 50.0 % on the validation split: none is best.');
});

test('everything filtered: the headline names the filter', () => {
  expect(headline({ correct: [0, 0], nothingTrained: true, filtered: true })).toBe(
    'The provider’s filter withheld or cut every response. Nothing was trained: every training set was empty. ' +
      'The society answers none of 20 evaluation problems correctly.',
  );
});

test.each<[string, Told]>([
  ['nothing trained', { correct: [0, 0], nothingTrained: true }],
  ['none right', { correct: [0, 0] }],
  ['all right', { correct: [20, 20] }],
  ['one problem', { problems: 1, correct: [0, 1] }],
  ['all equal', { correct: [12, 12] }],
  ['all filtered', { correct: [0, 0], nothingTrained: true, filtered: true }],
])('%s: no error of ± 0.0, no interval without width, no NaN', (_, told) => {
  const text = everything(told);
  expect(text).not.toMatch(/± 0\.0|NaN|Infinity|undefined/);
  expect(text).not.toMatch(/interval ([−+]?\d+\.\d) to \1\b/);
});

test('what is between backticks in a sentence is code on the page, and no backtick is left', () => {
  const input = run({ correct: [12, 8] });
  input.notices.push('Set `task.eval` higher; `maft run` again.', 'a ` alone');
  const page = renderHtml(buildReport(input));
  expect(page).toContain('<code>stopWhen: plateau</code>');
  expect(page).toContain('<code>task.eval</code> higher; <code>maft run</code> again.');
  expect(page).toContain('a ` alone');
  expect(page.replace('a ` alone', '')).not.toContain('`');
});
