import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { sharedFolderVariable } from './e2e-runs';

export default async function globalTeardown(): Promise<void> {
  rmSync(process.env[sharedFolderVariable] ?? '', { recursive: true, force: true });
  const { maftTestTemporalServer: server } = globalThis as { maftTestTemporalServer?: ChildProcess };
  if (server === undefined || server.exitCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await gone;
}
