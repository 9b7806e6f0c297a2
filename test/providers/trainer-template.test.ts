/** What the process says that trainings are forked from. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrainerTemplate } from '../../src/providers/trainer-template';

const folder = mkdtempSync(join(tmpdir(), 'maft-template-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fakePython(script: string): string {
  const python = join(folder, 'python');
  writeFileSync(python, `#!/bin/sh\n${script}\n`);
  chmodSync(python, 0o755);
  return python;
}

test('what it says before any training is in the log of the worker', async () => {
  const python = fakePython('echo "torch cannot use the driver" >&2\nexit 1');
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const template = new TrainerTemplate({ python, pythonPath: folder }, 1_000);
  await expect(template.ready).rejects.toThrow('torch cannot use the driver');
  const lines = written.mock.calls.map(([line]) => line);
  written.mockRestore();
  expect(lines).toContain('trainer: torch cannot use the driver\n');
});

test.each([
  ['was ready: interrupted', 'echo \'{"ready":true,"accelerator":"cpu","threads":1}\' >&3', 5],
  ['never was: a bug', '', 1],
])('the end of a template that %s, to its job', async (_name, ready, code) => {
  const python = fakePython(`${ready}\nread -r job\necho "BlockingIOError: fork" >&2\nexit 1`);
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const template = new TrainerTemplate({ python, pythonPath: folder }, 1_000);
  const exit = await template.start({ jobFile: join(folder, 'job.json'), mode: 'run' }, () => undefined).exited;
  written.mockRestore();
  expect(exit).toEqual({ code, signal: null, stderrTail: 'BlockingIOError: fork' });
});
