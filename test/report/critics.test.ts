/** Whether critics read, as the pages say it: the report in a browser and on a terminal, and the notices of a comparison. */
import type { CriticReading } from '../../src/contract/critic-reading';
import type { Measured } from '../../src/contract/measures';
import { buildComparison } from '../../src/comparison';
import { cellsOf, criticReading } from '../../src/domain/measures/critic-reading';
import { buildReport, renderHtml, renderTable, type ReportInput } from '../../src/report';
import { comparisonFixture } from '../support/comparison-fixture';
import { reportFixture } from '../support/report-fixture';

jest.mock('../../src/pages/svg', () => ({ renderSvg: ({ prefix }: { prefix: string }) => prefix }));

/** On 200 problems; on `read` of them the critic takes over what is right. */
const reading = (read: number): Measured<CriticReading> => {
  const problems = Array.from({ length: 200 }, (_, index) => ({
    kind: 'revised' as const,
    right: cellsOf((own, others) => [own === 'right' || (others === 'right' && index < read)]),
  }));
  return { kind: 'measured', ...criticReading([...problems, { kind: 'alike' }], { samples: 9, critics: 1 }) };
};
const counts = { calls: 240, promptTokens: 9_000, completionTokens: 4_000 };
const none = { calls: 0, promptTokens: 0, completionTokens: 0 };

function measured(...readings: Measured<CriticReading>[]): ReportInput {
  const input = reportFixture();
  input.run.plan.scoring = ['critics'];
  for (const { iteration, measures } of input.iterations) {
    const found = readings[iteration];
    if (measures === undefined || found === undefined) continue;
    measures.criticReading = found;
    measures.cost.criticReading = { counts, reused: none, seconds: 3 };
  }
  return input;
}
const terminal = (input: ReportInput) => renderTable(buildReport(input), { ascii: true, width: 500 });
const section = (input: ReportInput, id: string) =>
  new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(renderHtml(buildReport(input)))?.[0] ?? '';
const unvoted = { kind: 'not-measurable' as const, reason: 'no votes were taken here' };

test('the report says in one sentence what the untuned critics do, and shows every iteration that measured it', () => {
  const input = measured(reading(100), unvoted, reading(150));
  for (const shown of [terminal(input), section(input, 'critics').replaceAll('\u00a0', ' ')]) {
    expect(shown).toMatch(
      /The critics of the untuned society use what they read: reading is 50\.0 (±|\+\/-) 3\.\d points/,
    );
    expect(shown).toMatch(/75\.0 (±|\+\/-) 3\.\d/);
    expect(shown).toContain('200 of 201');
  }
  expect(section(input, 'critics')).toContain('Iteration 1: no votes were taken here.');
});

test('critics that do not read are said to show nothing about debating', () => {
  expect(terminal(measured(reading(0)))).toContain(
    'The critics of the untuned society do not use what they read: reading is 0.0 +/- 0.0 points',
  );
  expect(terminal(measured(reading(0)))).toContain('cannot show or refute anything about debating');
});

test('where nothing could be measured, only the reason stands there', () => {
  const text = terminal(measured({ kind: 'not-measurable', reason: 'the endpoint refused' }));
  expect(text).toContain('Iteration 0: the endpoint refused.');
  expect(text).not.toContain('use what they read');
});

test('without the measure there is no such section', () => expect(section(reportFixture(), 'critics')).toBe(''));

test('its calls are in the costs below the evaluation they belong to, and in their sum', () => {
  const [without, costs] = [section(reportFixture(), 'costs'), section(measured(reading(100)), 'costs')];
  const stages = [...costs.matchAll(/<t[hd][^>]*>([a-z][a-z :]*)<\/t[hd]>/g)].map(([, stage]) => stage!);
  expect(stages[stages.indexOf('evaluate: do critics read') - 1]).toBe('evaluate');
  const total = (markup: string) =>
    Number(/All stages<\/th>\s*<td[^>]*>[^<]*<\/td>\s*<td[^>]*>([\d,]+)/.exec(markup)![1]!.replaceAll(',', ''));
  expect(total(costs) - total(without)).toBe(counts.calls);
});

test('report.json holds the figures', () => {
  const { iterations } = buildReport(measured(reading(100)));
  expect(iterations[0]?.measures?.criticReading).toMatchObject({
    problems: 200,
    reading: { points: 50 },
    copying: { points: 0 },
    verdict: 'reads',
  });
});

describe('a comparison', () => {
  const compared = (read: (runId: string) => number) => {
    const input = comparisonFixture();
    for (const { runId, measures } of input.runs)
      for (const each of measures) each.criticReading = reading(read(runId));
    return buildComparison(input);
  };

  test('says of critics that do not read what their results may not be taken for, once for methods that begin alike', () => {
    const named = compared(() => 0).notices.filter((notice) => notice.includes('use what they read'));
    expect(named).toHaveLength(1);
    expect(named[0]).toMatch(/^The critics that “.+”, “.+” began with do not use what they read: reading is 0\.0/);
  });

  test('says nothing of those that read, and shows reading before and after finetuning', () => {
    const report = compared(() => 100);
    expect(report.notices.join()).not.toContain('use what they read');
    const values = Object.values(report.explanations)
      .flat()
      .flatMap(({ before }) => before ?? []);
    expect(values.some((value) => value.reading === 50 && value.copying === 0)).toBe(true);
  });
});
