/** What comes from models, files, servers and users is made visible before a terminal shows it. */
import { explain } from '../../src/cli/exit-codes';
import { describe as describeRun } from '../../src/cli/status';
import type { RunProgress } from '../../src/contract/run';
import { ConfigError } from '../../src/errors';
import { createProgressDisplay } from '../../src/runs/progress-display';
import { stderrListener } from '../../src/machine/setup/progress';
import { visibleJson, visibleText } from '../../src/visible-text';

const hostile = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u061c';
// oxlint-disable-next-line no-control-regex
const hidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u202a-\u202e]/;

const stream = (isTTY = false) => {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { written, stream: { write, isTTY, columns: 80 } as unknown as NodeJS.WriteStream };
};

const paused = {
  runId: 'run',
  stage: 'debate',
  iteration: 1,
  iterations: 1,
  paused: true,
  pauseReason: hostile,
  problems: { done: 1, total: 2, failed: 0 },
  counts: { calls: 1, promptTokens: 1, completionTokens: 1 },
  openChildren: [],
  accuracy: {},
} as RunProgress;

test('an error message', () => {
  expect(explain(new ConfigError(`data.jsonl: ${hostile}`))).not.toMatch(hidden);
  expect(explain(new Error(hostile))).not.toMatch(hidden);
});

test('the reason of a pause, in `maft status` and in the progress of a run', () => {
  expect(visibleText(describeRun(paused, 'maft/run'))).not.toMatch(hidden);
  const { written, stream: terminal } = stream();
  const display = createProgressDisplay(terminal);
  display.show(paused);
  display.note(hostile);
  expect(written.join('')).toContain('PAUSED');
  expect(written.join('')).not.toMatch(hidden);
});

test('what set-up repeats of pip and of servers', () => {
  const { written, stream: terminal } = stream();
  stderrListener(terminal)(hostile);
  expect(written.join('')).not.toMatch(hidden);
});

test('JSON, which stays the same value', () => {
  const value = { reason: hostile, list: ['\u2028', 'ŷ'] };
  expect(visibleJson(value)).not.toMatch(hidden);
  expect(JSON.parse(visibleJson(value))).toEqual(value);
});
