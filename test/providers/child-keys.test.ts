/** What trainer, grader and the client of the Hub see of our environment: small programs in Python's place write theirs into a file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fetchFromHub } from '../../src/machine/setup/hub';
import { MathVerifyGrader } from '../../src/providers/math-verify-grader';
import { spawnTrainer } from '../../src/providers/trainer-process';

const folder = mkdtempSync(path.join(tmpdir(), 'maft-child-keys-'));
const seen = path.join(folder, 'environment');
const python = path.join(folder, 'python');
const planted = { HOSTED_API_KEY: 'planted', HF_TOKEN: 'planted', MAFT_TEST_KEEPS: 'kept' };

beforeAll(() => {
  writeFileSync(python, `#!/bin/sh\nenv > ${seen}\nexit 2\n`, { mode: 0o755 });
  Object.assign(process.env, planted);
});

afterAll(() => {
  for (const name of Object.keys(planted)) delete process.env[name];
  rmSync(folder, { recursive: true });
});

test('the client of the Hub gets the token of the Hub, and no other key', async () => {
  const listener = () => undefined;
  await expect(fetchFromHub('acme/small', { python, listener })).rejects.toThrow('acme/small');
  const environment = readFileSync(seen, 'utf8');
  expect(environment).toContain('HF_TOKEN=planted');
  expect(environment).toContain('MAFT_TEST_KEEPS=kept');
  expect(environment).not.toContain('HOSTED_API_KEY');
});

test.each<[string, () => Promise<unknown>]>([
  ['trainer', () => once(spawnTrainer({ python, pythonPath: folder }, ['--job', 'none']), 'close')],
  [
    'grader',
    async () => {
      const grader = new MathVerifyGrader({ python, pythonPath: folder, processes: 1, timeLimitMs: 1_000 });
      await expect(grader.grade([{ a: '3n^2-18', b: '3(n^2-6)' }])).rejects.toThrow();
      await grader.close();
    },
  ],
])('a %s gets our environment without its keys', async (_child, start) => {
  rmSync(seen, { force: true });
  await start();
  const environment = readFileSync(seen, 'utf8');
  expect(environment).toContain('MAFT_TEST_KEEPS=kept');
  expect(environment).not.toContain('planted');
});
