/**
 * `npm run bench`: prints a table and writes JSON. Every ratio is of two things measured side by side in this one run.
 *
 *     npm run bench                          everything, about ten minutes on two free cores
 *     npm run bench -- --only orchestration  one of them
 *     npm run bench -- --out numbers.json
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { loadConfig } from '../src/machine/config';
import { packageVersion, repositoryRoot } from '../src/machine/paths';
import { prepareMachine } from '../src/machine/setup/prepare-machine';
import { stderrListener } from '../src/machine/setup/progress';
import { diversity } from './diversity';
import { endpointLimit } from './endpoint-limit';
import { machineFacts, type MachineFacts } from './machine';
import { isMet, type Benchmark, type BenchmarkResult, type Measurement, type Tools } from './measurement';
import { orchestration } from './orchestration';
import { grading } from './grading';
import { generation, training } from './python';
import { selection } from './selection';
import { slotUse } from './slot-use';

const benchmarks: Benchmark[] = [
  orchestration,
  slotUse,
  endpointLimit,
  generation,
  training,
  selection,
  grading,
  diversity,
];

interface Options {
  only?: string;
  out?: string;
  scale: number;
}

async function main(): Promise<void> {
  const names = benchmarks.map(({ name }) => name);
  const program = new Command('bench')
    .addOption(new Option('--only <name>', 'run one of them').choices(names))
    .option('--out <file>', 'where to write the JSON (default: bench/results/<date>.json)')
    .option('--scale <share>', 'share of the usual work of orchestration and slot-use, for a quick look', Number, 1)
    .parse();
  const { only, out, scale } = program.opts<Options>();
  const machine = machineFacts();
  const tools = { ...(await findTools()), scale };
  const file = path.resolve(out ?? path.join(repositoryRoot(), 'bench', 'results', `${dateName()}.json`));
  const results: BenchmarkResult[] = [];
  process.stdout.write(heading(machine));
  for (const benchmark of benchmarks.filter(({ name }) => only === undefined || name === only)) {
    tools.say(`${benchmark.name}: ${benchmark.title}`);
    results.push(await benchmark.run(tools));
    // After each: whoever stops a long benchmark keeps what was measured.
    process.stdout.write(rowsOf(results.slice(-1)));
    await writeResults(file, { maft: packageVersion(), measuredAt: new Date().toISOString(), scale, machine, results });
  }
  tools.say(`written to ${file}`);
}

async function findTools(): Promise<Omit<Tools, 'scale'>> {
  const say = stderrListener();
  // A server of its own, whatever the environment names: a benchmark must not load somebody's cluster.
  const config = { ...loadConfig(), temporal: { address: undefined, namespace: 'default' } };
  const { python, temporal } = await prepareMachine(config, say);
  if (temporal === undefined) throw new Error('no Temporal CLI was found');
  return { python: python.program, temporal: temporal.program, say };
}

async function writeResults(file: string, record: object): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
}

function heading({ cores, processor, instructionSets, loadBefore, node }: MachineFacts): string {
  const flags = instructionSets.join(', ') || 'no flags known';
  return `${cores} cores, ${processor} (${flags}), Node ${node}, load before ${loadBefore}\n`;
}

function rowsOf(results: BenchmarkResult[]): string {
  const rows = results.flatMap(({ benchmark, measurements, skipped }) =>
    skipped === undefined
      ? measurements.map((measurement) => row(benchmark, measurement))
      : [`${benchmark.padEnd(14)} not run: ${skipped}`],
  );
  return `${rows.join('\n')}\n`;
}

function row(benchmark: string, measurement: Measurement): string {
  const { measure, value, unit, target } = measurement;
  const shown = `${value >= 100 ? value.toFixed(0) : value.toFixed(3)} ${unit}`.trim();
  const met = isMet(measurement) === true ? 'met' : 'MISSED';
  const wanted = target === undefined ? '' : `${target.kind} ${target.value}: ${met}`;
  return `${benchmark.padEnd(14)} ${measure.padEnd(42)} ${shown.padStart(16)}  ${wanted}`.trimEnd();
}

function dateName(): string {
  return new Date().toISOString().replaceAll(/[:.]/g, '-');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
