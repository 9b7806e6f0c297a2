import { buildReport, renderTable } from '../../src/report';
import { hostileFixture } from '../support/hostile-report';
import { hostileLine } from '../support/hostile-text';
import { reportFixture } from '../support/report-fixture';

const report = buildReport(reportFixture());

test('the table shows accuracy with its error, the paired difference with its interval, n and calls', () => {
  const lines = renderTable(report, { ascii: true }).split('\n');
  const row = lines.find((line) => line.startsWith('Society after iteration 2'));
  expect(row).toMatch(/\d+\.\d \+\/- \d\.\d % +500 +9 +621 +\+\d+\.\d +\+\d+\.\d to \+\d+\.\d +p < 0\.001$/);
  expect(lines.at(0)).toContain('After 2 iterations of finetuning');
  expect(lines.join('\n')).toContain('At equal calls (9 per problem, training not counted) the most accurate is');
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

test('columns line up in both alphabets', () => {
  for (const ascii of [true, false]) {
    const lines = renderTable(report, { ascii }).split('\n');
    const head = lines.find((line) => line.startsWith('method')) ?? '';
    const row = lines.find((line) => line.startsWith('Base')) ?? '';
    expect(row.indexOf(' 500') + 4).toBe(head.indexOf('  n ') + 3);
    expect(row).toHaveLength(head.length);
  }
});

test('without a terminal the table is plain ASCII', () => {
  expect(renderTable(report, { ascii: true })).toMatch(/^[\n\x20-\x7e]*$/);
  expect(renderTable(report, { ascii: false })).toContain('±');
});

test('sentences are wrapped at the width of the terminal', () => {
  const paragraphs = renderTable(report, { ascii: true, width: 60 }).split('\n\n');
  const sentences = paragraphs.filter(
    (paragraph) => !paragraph.startsWith('method') && !paragraph.startsWith('Accuracy'),
  );
  expect(sentences.length).toBeGreaterThan(3);
  expect(sentences.flatMap((paragraph) => paragraph.split('\n')).filter((line) => line.length > 60)).toEqual([]);
});

test('a run without an evaluation has a sentence and no empty table', () => {
  const text = renderTable(buildReport(reportFixture({ evaluatedUpTo: -1 })), { ascii: true });
  expect(text).toBe('Nothing has been evaluated yet.');
});

test('no control character reaches the terminal', () => {
  const hostile = buildReport(hostileFixture());
  const labelled = {
    ...hostile,
    headline: hostileLine,
    rows: hostile.rows.map((row) => ({ ...row, label: hostileLine })),
  };
  for (const ascii of [true, false]) {
    // oxlint-disable-next-line no-control-regex
    expect(renderTable(labelled, { ascii })).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
});
