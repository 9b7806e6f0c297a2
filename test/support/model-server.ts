/** A real `python -m maft.serve` over a model folder, on a free loopback port, for tests and benchmarks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { cacheDirectory, pythonPackagesDirectory, repositoryRoot } from '../../src/machine/paths';

export interface ServedModel {
  folder: string;
  /** Name that requests call the base by. */
  name: string;
  /** Directory of further versions. */
  models?: string;
  python?: string;
}

export interface RunningServer {
  baseUrl: string;
  close: () => Promise<void>;
}

export const testPython = process.env.MAFT_PYTHON ?? join(repositoryRoot(), '.venv/bin/python');

export async function startModelServer({
  folder,
  name,
  models,
  python = testPython,
}: ServedModel): Promise<RunningServer> {
  const server = spawn(
    python,
    [
      ...[
        '-m',
        'maft.serve',
        '--base',
        folder,
        '--base-name',
        name,
        '--port',
        '0',
        '--threads',
        '1',
        '--exit-with-parent',
        '--measurements',
        join(cacheDirectory(), 'measurements'),
      ],
      ...(models === undefined ? [] : ['--models', models]),
    ],
    { env: { ...process.env, PYTHONPATH: pythonPackagesDirectory() }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: server.stdout });
  const [ready] = (await Promise.race([once(lines, 'line'), refusal(server)])) as [string];
  const { port } = JSON.parse(ready) as { port: number };
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      server.stdin.end();
      if (server.exitCode === null) await once(server, 'exit');
    },
  };
}

async function refusal(server: ReturnType<typeof spawn>): Promise<never> {
  const [code] = (await once(server, 'exit')) as [number | null];
  throw new Error(`the model server ended with code ${code} before it was ready`);
}
