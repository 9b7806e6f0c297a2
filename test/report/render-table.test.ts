import { buildReport, renderTable } from '../../src/report';
import { reportFixture } from '../support/report-fixture';

const report = buildReport(reportFixture());

test('the table shows accuracy with its error, the paired difference with its interval, n and calls', () => {
  const lines = renderTable(report, { ascii: true }).split('\n');
  const row = lines.find((line) => line.startsWith('Society after iteration 2  '));
  expect(row).toMatch(/\d+\.\d \+\/- \d\.\d % +500 +9 +621 +\+\d+\.\d +\+\d+\.\d to \+\d+\.\d +p < 0\.001$/);
  expect(lines.at(0)).toContain('After 2 iterations of finetuning');
  expect(lines.join('\n')).toContain(
    'At equal calls (9 per problem, training not counted) "Vote over 9 after iteration 2"',
  );
});

test('why a run ended early, and what warns of a collapse, stands right behind the headline', () => {
  const endedEarly = 'Stopped by guard after iteration 1: they are wrong; 5 iterations were allowed.';
  const finding = {
    kind: 'accuracy-falls' as const,
    iteration: 2,
    message: 'at iteration 2 they are right less often',
  };
  const [, ...paragraphs] = renderTable({ ...report, endedEarly, findings: [finding] }, { ascii: true }).split('\n\n');
  expect(paragraphs.slice(0, 2)).toEqual([endedEarly, 'Warning: at iteration 2 they are right less often.']);
});

test('a run without an evaluation has a sentence and no empty table', () => {
  const text = renderTable(buildReport(reportFixture({ evaluatedUpTo: -1 })), { ascii: true });
  expect(text).toBe('Nothing has been evaluated yet.');
});
