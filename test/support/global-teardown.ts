import type { ChildProcess } from 'node:child_process';

export default async function globalTeardown(): Promise<void> {
  const { maftTestTemporalServer: server } = globalThis as { maftTestTemporalServer?: ChildProcess };
  if (server === undefined || server.exitCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await gone;
}
