import { writeFileSync } from 'node:fs';
import { buildReport } from '../../src/report/build-report';
import { renderHtml } from '../../src/report/render-html';
import { renderTable } from '../../src/report/render-table';
import { reportFixture } from '../support/report-fixture';
test('scratch', () => {
  const t = Date.now();
  const report = buildReport(reportFixture());
  const t1 = Date.now();
  const page = renderHtml(report);
  writeFileSync('/tmp/report/report.html', page);
  writeFileSync('/tmp/report/empty.html', renderHtml(buildReport(reportFixture({ evaluatedUpTo: -1 }))));
  writeFileSync(
    '/tmp/report/five.html',
    renderHtml(buildReport(reportFixture({ iterations: 5, evaluatedUpTo: 5, members: 5, emptyAgents: ['critic-2'] }))),
  );
  console.log(
    t1 - t,
    Date.now() - t1,
    page.length + '\n' + renderTable(report, { ascii: false }) + '\n\n' + renderTable(report, { ascii: true }),
  );
});
