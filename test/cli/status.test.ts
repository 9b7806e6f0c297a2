/** The lines of `maft status`. */
import { describe as lineOf } from '../../src/cli/status';
import type { RunProgress } from '../../src/contract/run';

const progress: RunProgress = {
  runId: 'nightly-2026-11-22T01-00-00Z-abc123',
  stage: 'debate',
  iteration: 1,
  iterations: 2,
  paused: false,
  problems: { done: 3, total: 10, failed: 0 },
  counts: { calls: 27, promptTokens: 1, completionTokens: 2 },
  openChildren: [],
  accuracy: {},
};

test('the workflow id is told where it cannot be known from the run id, as of a scheduled run', () => {
  const scheduled = 'maft/nightly-2026-11-22T01:00:00Z';
  expect(lineOf(progress, scheduled)).toMatch(new RegExp(` · workflow id ${scheduled}$`));
});

test('where it is `maft/` and the run id, it is not repeated', () => {
  expect(lineOf(progress, `maft/${progress.runId}`)).not.toContain('workflow id');
});
