/** The guard as its parents use it: compiled, around a real program. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { guardScript } from '../../../src/machine/paths';

test('a guarded program may print faster than its parent reads: its pipes block instead of failing', async () => {
  const bytes = 300_000;
  // Raw writes, without the retries that a runtime hides behind its streams.
  const program = `const { writeSync } = require('fs'); for (let i = 0; i < ${bytes / 1000}; i += 1) writeSync(2, 'x'.repeat(1000));`;
  const guarded = [guardScript(), '1000', process.execPath, '-e', program];
  const child = spawn(process.execPath, guarded, { stdio: ['pipe', 'pipe', 'pipe'] });
  await once(child.stdout, 'data');
  // The program meets a full pipe before anything is read.
  await new Promise((resolve) => setTimeout(resolve, 500));
  let read = 0;
  child.stderr.on('data', (chunk: Buffer) => (read += chunk.length));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, read }).toEqual({ code: 0, read: bytes });
});
