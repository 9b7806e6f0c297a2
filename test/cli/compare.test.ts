import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed } from '../../src/artifacts/sealed';
import { buildProgram } from '../../src/cli/main';
import type { ComparisonReport } from '../../src/comparison';
import { comparisonKeys } from '../../src/domain/keys';
import { repositoryRoot } from '../../src/machine/paths';
import { planComparison } from '../../src/runs/perform-comparison';
import { loadComparisonFile } from '../../src/specification';

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

test('claims that were written after the comparison was started are judged, and said to be others', async () => {
  const store = new FileArtifactStore(home);
  const file = path.join(home, 'claimed.json');
  const written = { ...((await loadComparisonFile(example)) as object), name: 'claimed' };
  const planned = await planComparison(store, written, undefined);
  await publishSealed(store, comparisonKeys.record('claimed'), {
    ...planned,
    workflowId: 'maft/claimed',
    createdAt: '',
  });
  await writeFile(file, JSON.stringify({ ...written, claims: [{ method: 'debate', beats: 'base' }] }));
  const shown = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await buildProgram(['compare']).parseAsync(['compare', file, '--table', '--json'], { from: 'user' });
  const { comparisonId, claims, notices } = JSON.parse(String(shown.mock.calls[0]?.[0])) as ComparisonReport;
  expect(comparisonId).toBe('claimed');
  expect(claims.arithmetic!.map(({ sentence, standing }) => [sentence, standing])).toEqual([
    ['“debate” beats “base”', 'cannot be judged'],
  ]);
  expect(notices.join()).toContain('The claims are not those that the comparison was started with');
});

function run(...options: string[]): Promise<unknown> {
  return buildProgram(['compare']).parseAsync(['compare', example, ...options], { from: 'user' });
}
