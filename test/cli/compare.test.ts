import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildProgram } from '../../src/cli/main';
import type { ComparisonReport } from '../../src/comparison';
import { repositoryRoot } from '../../src/paths';

const example = path.join(repositoryRoot(), 'examples', 'tiny-table-1.yaml');
const environment = { ...process.env };
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'maft-compare-'));
  process.env.MAFT_HOME = home;
});
afterEach(async () => {
  process.env = { ...environment };
  jest.restoreAllMocks();
  await rm(home, { recursive: true });
});

test("--seeds stands in for the specification's own", async () => {
  const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await run('--seeds', '3,4', '--table', '--json');
  const report = JSON.parse(String(written.mock.calls[0]?.[0])) as ComparisonReport;
  expect(report.seeds).toEqual([3, 4]);
  expect([...new Set(report.runs.map(({ seed }) => seed))]).toEqual([3, 4]);
});

test('seeds that are none are refused before anything begins', async () => {
  await expect(run('--seeds', '3,x')).rejects.toThrow('must be whole numbers separated by commas');
});

function run(...options: string[]): Promise<unknown> {
  return buildProgram(['compare']).parseAsync(['compare', example, ...options], { from: 'user' });
}
