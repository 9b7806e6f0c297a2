/** `maft export-data RUN`: the training data of a stored run in TRL's formats, a file per agent. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { loadConfig } from '../machine/config';
import type { RunRecord } from '../contract/run';
import type { TrainingExample } from '../contract/training';
import { dataFormats, dataLine, type DataFormat } from '../domain/data-formats';
import { runIdOf, sha256 } from '../domain/digests';

import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { exportedExamples, selectedIterations } from '../stored-runs/exported-examples';
import { unknownRun } from '../stored-runs/find-society';
import { StoredRun } from '../stored-runs/stored-run';
import { visibleJson, visibleText } from '../visible-text';
import { openStore } from '../machine/open-store';
import { positiveNumber } from './number-options';
import { makeOutput, publish } from './select/write-selection';

export interface ExportOptions {
  as: DataFormat;
  iteration?: number;
  agent?: string;
  out?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** What `--json` prints. */
export interface ExportSummary {
  runId: string;
  iteration: number;
  as: DataFormat;
  folder: string;
  /** Whether examples have loss weights in the run (`mixing: weighted-loss`); the files hold none. */
  weightsLeftOut: boolean;
  /** `file` is null for an agent without examples. */
  agents: { agent: string; examples: number; file: string | null; sha256: string | null }[];
}

export function register(program: Command): void {
  program
    .command('export-data')
    .description("write a run's training data in TRL's formats, one file per agent")
    .argument('<run>', 'run id, such as demo')
    .addOption(new Option('--as <format>', 'data format').choices(dataFormats).makeOptionMandatory())
    .option('--iteration <n>', 'iteration; default: the newest that has training data', positiveNumber)
    .option('--agent <agent>', 'one agent, such as critic-1; default: all that are trained')
    .option('--out <folder>', 'folder to make and write to; default: RUN.iITERATION.FORMAT here')
    .option('--overwrite', 'replace files that hold something else')
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      '\nFormats (conversational; the loss falls on the completion only):\n' +
        '  sft      prompt, completion         what the trainer learns\n' +
        '  dpo      prompt, chosen, rejected   agrees with the vote, disagrees; same messages (so few of critics)\n' +
        '  kto      prompt, completion, label  whether it agrees with the vote\n' +
        '  rewards  prompt, completion, reward 1.0 or 0.0, the same\n' +
        'Responses that are unreadable, filtered, cut or too long are in none of the last three.\n' +
        "\nExample:\n  maft export-data demo --as dpo && python -c 'import datasets; " +
        'print(datasets.load_dataset("json", data_files="demo.i1.dpo/generation-1.jsonl"))\'',
    )
    .action(async (run: string, options: ExportOptions) => {
      const summary = await exportData(openStore(loadConfig()), run, options);
      process.stdout.write(options.json ? `${visibleJson(summary)}\n` : visibleText(table(summary)));
    });
}

/** Throws `InvalidRunSpec` with one sentence if there is nothing to export, or other files would be overwritten. */
export async function exportData(store: ArtifactStore, run: string, options: ExportOptions): Promise<ExportSummary> {
  const runId = runIdOf(run);
  const stored = await StoredRun.find(store, runId);
  if (stored === undefined) throw new InvalidRunSpec([`run: ${JSON.stringify(run)} ${await unknownRun(store, runId)}`]);
  const { record } = stored;
  const iteration = await iterationToExport(stored, options.iteration);
  const agents = agentsToExport(record, options.agent);
  const examples = await exportedExamples(stored, { iteration, format: options.as });
  const folder = options.out ?? `${runId}.i${iteration}.${options.as}`;
  const files = agents.map((agent) => fileOf(agent, examples.get(agent) ?? [], { folder, format: options.as }));
  if (files.every(({ text }) => text === '')) throw nothingAs(record, { iteration, format: options.as, agents });
  await makeOutput(folder);
  refuseOthers(folder, files, options);
  for (const { path, text } of files.filter((file) => file.text !== '' && contentOf(file.path) !== file.text))
    await publish(path, (temporary) => writeFile(temporary, text));
  return {
    ...{ runId, iteration, as: options.as, folder },
    weightsLeftOut: agents.some((agent) => (examples.get(agent) ?? []).some(({ weight }) => weight !== 1)),
    agents: files.map(({ agent, count, path, text }) => ({
      ...{ agent, examples: count },
      ...(count === 0 ? { file: null, sha256: null } : { file: path, sha256: sha256(text) }),
    })),
  };
}

async function iterationToExport(run: StoredRun, asked: number | undefined): Promise<number> {
  const { runId, plan } = run.record;
  if (plan.trainedAgents.length === 0 || plan.iterations === 0) {
    const why = plan.trainedAgents.length === 0 ? `its method ${plan.method}` : 'a run of 0 iterations';
    throw new InvalidRunSpec([`run: ${runId} has nothing to export: ${why} does not train`]);
  }
  const selected = await selectedIterations(run);
  const newest = selected.at(-1);
  if (newest === undefined) throw new InvalidRunSpec([`run: ${runId} has nothing to export yet: no data are selected`]);
  if (asked === undefined || selected.includes(asked)) return asked ?? newest;
  throw new InvalidRunSpec([`--iteration: ${runId} has no training data of ${asked}; it has them of 1 to ${newest}`]);
}

function agentsToExport({ runId, plan }: RunRecord, asked: string | undefined): string[] {
  if (asked === undefined) return plan.trainedAgents;
  if (plan.trainedAgents.includes(asked)) return [asked];
  const known = plan.trainedAgents.join(', ');
  throw new InvalidRunSpec([`--agent: ${JSON.stringify(asked)} is not trained in ${runId}; it trains ${known}`]);
}

interface DataFile {
  agent: string;
  path: string;
  count: number;
  text: string;
}

function fileOf(
  agent: string,
  examples: readonly TrainingExample[],
  { folder, format }: { folder: string; format: DataFormat },
): DataFile {
  const text = examples.map((example) => `${dataLine(example, format)}\n`).join('');
  return { agent, path: join(folder, `${agent}.jsonl`), count: examples.length, text };
}

function nothingAs(
  { runId }: RunRecord,
  { iteration, format, agents }: { iteration: number; format: DataFormat; agents: readonly string[] },
): InvalidRunSpec {
  const onlyCritics = agents.every((agent) => agent.startsWith('critic-'));
  const whyNoPair = onlyCritics
    ? 'no two critics who read the same messages disagree, and few read the same (--as kto needs no pairs)'
    : 'no two responses to the same messages disagree';
  const why = format === 'dpo' ? whyNoPair : 'selection left no response';
  return new InvalidRunSpec([`run: ${runId} has nothing to export as ${format} of iteration ${iteration}: ${why}`]);
}

/** Files of another export would be loaded together with this one's, or be lost. */
function refuseOthers(folder: string, files: readonly DataFile[], { agent, overwrite }: ExportOptions): void {
  const ours = new Set(files.filter(({ text }) => text !== '').map(({ agent: name }) => `${name}.jsonl`));
  const others =
    agent === undefined ? readdirSync(folder).filter((name) => name.endsWith('.jsonl') && !ours.has(name)) : [];
  if (others.length > 0)
    throw new InvalidRunSpec([`--out: ${folder} holds ${others.sort().join(', ')} from elsewhere; give a new folder`]);
  const different = files.find(({ path, text }) => text !== '' && ![undefined, text].includes(contentOf(path)));
  if (different === undefined || overwrite) return;
  throw new InvalidRunSpec([`--out: ${different.path} holds something else; give --overwrite, or a new folder`]);
}

function contentOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function table({ runId, iteration, as, weightsLeftOut, agents }: ExportSummary): string {
  const rows = agents.map(({ agent, examples, file }) => {
    return `  ${agent.padEnd(14)} ${String(examples).padStart(6)} ${examples === 1 ? 'example ' : 'examples'}  ${file ?? 'no file'}`;
  });
  const weights = weightsLeftOut
    ? ['loss weights (mixing: weighted-loss) are not in the files: the formats have none']
    : [];
  return `${[`${runId}, iteration ${iteration}, as ${as}`, ...rows, ...weights].join('\n')}\n`;
}
