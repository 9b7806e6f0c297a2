/** Doctor's question to torch, put to programs that answer as Python would. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNoCuda } from '../../../src/machine/setup/checks';

const folder = mkdtempSync(join(tmpdir(), 'maft-cuda-'));
afterAll(() => rmSync(folder, { recursive: true }));

function python(script: string): string {
  const program = join(folder, 'python');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
}

test('what torch says against the driver is the reason', async () => {
  expect(await whyNoCuda(python(`echo '{"reason": "the driver is too old"}'`))).toBe('the driver is too old');
});

test('there is none where torch can use it, whatever it warns of', async () => {
  expect(await whyNoCuda(python(`echo careful >&2; echo '{"reason": null}'`))).toBeUndefined();
});

test('a torch that cannot even be imported is a reason: its own last line', async () => {
  const broken = python(`echo Traceback >&2; echo 'ImportError: libcudart.so.13' >&2; exit 1`);
  expect(await whyNoCuda(broken)).toBe('ImportError: libcudart.so.13');
});

test('a module of ours answers, found whatever the working directory is', async () => {
  const asked = python(`echo "{\\"reason\\": \\"$* $(test -f "$PYTHONPATH/maft/nvidia_driver.py" && echo found)\\"}"`);
  expect(await whyNoCuda(asked)).toMatch(/maft_module\.py maft\.nvidia_driver found$/);
});
