/** The benchmarks of what touches weights: Python programs of their own, each of which prints one JSON object. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { demoModelDirectory, pythonPackagesDirectory, repositoryRoot } from '../src/machine/paths';
import type { Benchmark, BenchmarkResult, Measurement, Tools } from './measurement';

export const generation: Benchmark = {
  name: 'generation',
  title: 'maft.serve beside the best plain loop, 64 requests over 7 models',
  run: (tools) =>
    existsSync(demoModelDirectory())
      ? runPython('generation', tools, (found) => [
          ratio('tokens per second, server / plain loop', found, { kind: 'at least', value: 0.7 }),
          {
            ...number('server / loop of one model, equal rows', found, 'one_model_ratio', ''),
            target: { kind: 'at least', value: 0.7 },
          },
          number('server', found, 'server_tokens_per_second', 'tokens/s'),
          number('plain loop', found, 'plain_loop_tokens_per_second', 'tokens/s'),
        ])
      : Promise.resolve(skipped('generation', `there is no model in ${demoModelDirectory()}`)),
};

export const training: Benchmark = {
  name: 'training',
  title: "the demo's six trainings beside the same steps in one plain loop",
  run: (tools) =>
    runPython('training', tools, (found) => [
      ratio('seconds, trainer / plain loop', found, { kind: 'at most', value: 1.3 }),
      number('CPU seconds, trainer / plain loop', found, 'cpuRatio', ''),
    ]),
};

type Found = Record<string, unknown>;

async function runPython(
  name: string,
  { python }: Tools,
  measurementsOf: (found: Found) => Measurement[],
): Promise<BenchmarkResult> {
  const script = path.join(repositoryRoot(), 'bench', `${name}.py`);
  if (!existsSync(script)) return skipped(name, `there is no ${script}`);
  const env = { ...process.env, PYTHONPATH: pythonPackagesDirectory() };
  const child = spawn(python, [script], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with exit code ${code}`);
  const found = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Found;
  return { benchmark: name, measurements: measurementsOf(found), setting: found };
}

function skipped(benchmark: string, reason: string): BenchmarkResult {
  return { benchmark, measurements: [], setting: {}, skipped: reason };
}

function ratio(measure: string, found: Found, target: NonNullable<Measurement['target']>): Measurement {
  return { ...number(measure, found, 'ratio', ''), target };
}

function number(measure: string, found: Found, key: string, unit: string): Measurement {
  const value = found[key];
  if (typeof value !== 'number') throw new Error(`${measure}: the benchmark printed no number "${key}"`);
  return { measure, value, unit };
}
