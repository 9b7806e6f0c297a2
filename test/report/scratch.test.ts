import { writeFileSync } from 'node:fs';
import { buildReport } from '../../src/report/build-report';
import { reportFixture } from '../support/report-fixture';
test('scratch', () => {
  const report = buildReport(reportFixture());
  writeFileSync('/tmp/report/report.json', JSON.stringify(report, null, 1));
  console.log([report.headline, ...report.statements, ...report.notices, ...report.rows.map(r=>`${r.group} ${r.label} ${r.accuracy} ${r.callsPerProblem} ${JSON.stringify(r.comparison)}`), ...report.samples.map(s=>s.reason+s.correct+s.transcript.iteration)].join('\n'));
});
