/** The run that the end-to-end tests share, and what makes two runs of one specification equal. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Report } from '../../src/report';
import { waitForLock } from '../../src/machine/supervision/file-lock';
import { Home } from './e2e';
import { installPackedProgram } from './packed-program';

/** The demo's specification in small; `name` is the run's id. */
export const specification = {
  name: 'small',
  seed: 3,
  task: { kind: 'arithmetic', max: 10, train: 5, eval: 4 },
  method: { preset: 'multiagent-finetuning', prompts: 'compact', correctedShare: 0.25 },
  iterations: 1,
  model: { base: 'models/tiny-arithmetic' },
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  // Small batches and many epochs: each of the six trainings takes seconds, and is caught between two checkpoints.
  finetuning: {
    weights: 'full',
    epochs: 8,
    batchSize: 2,
    learningRate: 1e-4,
    maxLength: 400,
    checkpointEverySeconds: 0.2,
  },
  // Few turns at a time, so that a debate lasts long enough to be caught in the middle.
  execution: { shardSize: 3, shardsInFlight: 2, problemsInFlight: 2 },
};

/** 2N agents of the specification. */
export const agents = ['generation-1', 'generation-2', 'generation-3', 'critic-1', 'critic-2', 'critic-3'];

export interface ReferenceRun {
  home: Home;
  code: number | null;
  stderr: string;
  report: Report;
}

/** Set by jest's global set-up: a folder for what test files share, removed at the end. */
export const sharedFolderVariable = 'MAFT_TEST_SHARED';

/**
 * The undisturbed run: made by the test file that needs it first, while the others wait. It is performed by the program as
 * `npm pack` ships it, so that a package needs no checkout, and gives the same bytes as one.
 */
export async function referenceRun(): Promise<ReferenceRun> {
  const folder = path.join(process.env[sharedFolderVariable]!, 'reference');
  const record = path.join(folder, 'finished.json');
  const lock = await waitForLock(`${folder}.lock`, () => undefined);
  try {
    const home = new Home('reference', folder, installPackedProgram(`${folder}-program`));
    if (!existsSync(record)) writeFileSync(record, JSON.stringify(await performReferenceRun(home)));
    return { ...(JSON.parse(readFileSync(record, 'utf8')) as Omit<ReferenceRun, 'home'>), home };
  } finally {
    lock.release();
  }
}

/** An undisturbed run of the specification by `maft run --json`. */
async function performReferenceRun(home: Home): Promise<Omit<ReferenceRun, 'home'>> {
  const { code, stdout, stderr } = await home.run(['run', home.write('small.json', specification), '--json']);
  if (code !== 0) throw new Error(`the undisturbed run ended with exit code ${code}: ${stderr}`);
  return { code, stderr, report: JSON.parse(stdout) as Report };
}

/**
 * Digest of every file of a run and of its models, by path. Two runs of one specification on one machine have the same,
 * but for what says when something happened, how long it took or what was lost on the way, which is left out here and
 * nowhere else: `report.html`, `report.json`, `timings.json`, `maft-training.json` (seconds), notes of calls and of attempts, the
 * fields `createdAt` and `training.seconds` in `run.json` and `weights/*.json`, `lost` and `again` in `shards/*.json`, and the seals over them.
 */
export function contentOf(home: Home, runId: string): Record<string, string> {
  const files = [
    ...home.files(`runs/${runId}`).map((file) => `runs/${runId}/${file}`),
    ...home
      .files('models')
      .filter((file) => file.startsWith(`${runId}.`))
      .map((file) => `models/${file}`),
  ];
  const compared = files.filter(
    (file) =>
      !['report.html', 'report.json', 'timings.json', 'maft-training.json'].includes(path.basename(file)) &&
      !/\.(calls|attempts)\.jsonl$/.test(file),
  );
  return Object.fromEntries(compared.map((file) => [file, digestOf(file, readFileSync(home.path(file)))]));
}

function digestOf(file: string, bytes: Buffer): string {
  const isEventful = /\/run\.json$|\/measures\.json$|\/weights\/|\/scores\/|\/critics\/|\/shards\//.test(file);
  return createHash('sha256')
    .update(isEventful ? withoutEvents(bytes.toString()) : bytes)
    .digest('hex');
}

function withoutEvents(sealed: string): string {
  const isOfEvents = (key: string) => ['createdAt', 'seconds', 'lost', 'again', 'held'].includes(key);
  const { sha256: _sha256, ...rest } = JSON.parse(sealed, (key, value: unknown) =>
    isOfEvents(key) ? undefined : value,
  ) as Record<string, unknown>;
  return JSON.stringify(rest);
}

/** As `completionFiles`, of debates and votes. */
export function turnFiles(home: Home, runId: string): Record<string, string> {
  const entries = Object.entries(completionFiles(home, runId));
  return Object.fromEntries(entries.filter(([file]) => file.includes('/turns/')));
}

/** Inode and time of the file of every stored completion: the same later means that it was not written again. */
export function completionFiles(home: Home, runId: string): Record<string, string> {
  const isCompletion = (file: string) => /^iteration-\d+\/(turns|revisions)\/.*\.json$/.test(file);
  const completions = home.files(`runs/${runId}`).filter(isCompletion);
  return Object.fromEntries(
    completions.map((file) => {
      const { ino, mtimeMs } = statSync(home.path(`runs/${runId}`, file));
      return [file, `${ino} ${mtimeMs}`];
    }),
  );
}
