/** What the process says that trainings are forked from. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrainerTemplate } from '../../src/providers/trainer-template';

const folder = mkdtempSync(join(tmpdir(), 'maft-template-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('what it says before any training is in the log of the worker', async () => {
  const python = join(folder, 'python');
  writeFileSync(python, '#!/bin/sh\necho "torch cannot use the driver" >&2\nexit 1\n');
  chmodSync(python, 0o755);
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const template = new TrainerTemplate({ python, pythonPath: folder }, 1_000);
  await expect(template.ready).rejects.toThrow('torch cannot use the driver');
  const lines = written.mock.calls.map(([line]) => line);
  written.mockRestore();
  expect(lines).toContain('trainer: torch cannot use the driver\n');
});
