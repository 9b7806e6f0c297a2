/** The table of docs/operations.md, walked through: every kind of stored file lost, torn and changed in a finished run. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../src/machine/paths';
import type { RunPlan, ShardOutcome } from '../../src/contract/run';
import type { ScoringKind } from '../../src/contract/measures';
import { noCounts } from '../../src/domain/counts';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';

interface Row {
  /** Of keys below the store's root. */
  pattern: RegExp;
  file: string;
  again: string;
}

const table = readTable();

let world: ActivityWorld;
/** Digest of every stored file of the finished run, by key; what says when something happened is left out. */
let finished: Map<string, string>;
/** Bytes by key, the largest file first. */
let sizes: Map<string, number>;

beforeAll(async () => {
  world = await activityWorld();
  await walk();
  finished = contents();
  const sizeOf = (key: string) => statSync(path.join(world.folder, key)).size;
  const bySize = keysNow().map((key) => [key, sizeOf(key)] as const);
  sizes = new Map(bySize.sort(([, left], [, right]) => right - left));
});

afterAll(() => world.remove());

/** What the workflows do when a run is started, or started again: one iteration, and its evaluations before and after. */
async function walk(): Promise<void> {
  const task = { kind: 'arithmetic', max: 10, train: 3, eval: 2 };
  const plan = await world.resolve('run', { task, guard: 'report', seed: 5 });
  await evaluate(plan, 0);
  const debated = await closed(trainingShard(plan));
  await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [debated.transcripts] });
  await world.call('auditTraining', { plan, iteration: 1, shards: [debated] });
  await world.call('checkForCollapse', { plan, iteration: 1, shards: [debated] });
  for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId: 'run', iteration: 1, agent });
  await world.call('recordSociety', { plan, iteration: 1 });
  await evaluate(plan, 1);
  const timings = [{ stage: 'evaluate' as const, iteration: 1, seconds: 1, counts: noCounts }];
  await world.call('writeReport', { runId: 'run', throughIteration: 1, timings });
}

async function evaluate(plan: RunPlan, iteration: number): Promise<void> {
  const shards = [await closed({ ...evaluationShard(plan), iteration, societyIteration: iteration, voteSamples: 5 })];
  await world.call('scoreEvaluation', { plan, iteration, shards });
  for (const kind of plan.scoring as ScoringKind[])
    await world.call('scoreShard', {
      plan,
      iteration,
      split: 'eval',
      kind,
      shard: 0,
      transcripts: shards[0]!.transcripts,
    });
  const seconds = { debate: 0, evaluation: 0 };
  await world.call('recordMeasures', { plan, iteration, split: 'eval', shards, unscored: {}, seconds });
}

/** As the shard's workflow does it: a shard that is closed is adopted. */
async function closed(shard: ReturnType<typeof trainingShard>): Promise<ShardOutcome> {
  const { problemIds, closed: known } = await world.call('openShard', shard);
  if (known !== undefined) return known;
  for (const problemId of problemIds) {
    if (shard.voteSamples === 0) continue;
    const { plan, iteration, societyIteration, split } = shard;
    const place = { runId: plan.runId, iteration, societyIteration, split, problemId };
    await world.call('drawVoteSamples', { ...place, fromSample: 4, toSample: shard.voteSamples });
  }
  return world.debate(shard);
}

function keysNow(): string[] {
  const entries = readdirSync(world.folder, { recursive: true, encoding: 'utf8' });
  // Notes of a training that was made again stay: it was paid for twice.
  const isLeftOut = (entry: string) => /\/report\.(html|json)$|\.attempts\.jsonl$/.test(entry);
  const isArtifact = (entry: string) => /^(runs|models)\//.test(entry) && !isLeftOut(entry);
  return entries.filter((entry) => isArtifact(entry) && statSync(path.join(world.folder, entry)).isFile());
}

function contents(): Map<string, string> {
  return new Map(keysNow().map((key) => [key, digest(key)]));
}

function digest(key: string): string {
  const text = readFileSync(path.join(world.folder, key), 'utf8');
  const timeless = text.replace(/"(seconds|createdAt|sha256|attempt)":("[^"]*"|[\d.e-]+)/g, '');
  return createHash('sha256').update(timeless).digest('hex');
}

/** The largest one: an agent with an empty training set is not trained. */
const keyOf = ({ pattern }: Row) => [...sizes.keys()].find((key) => pattern.test(key))!;
const fileOf = (row: Row) => path.join(world.folder, keyOf(row));

test('every file that a run stores is in the table, and every row is a file', () => {
  for (const key of finished.keys())
    expect([key, table.filter(({ pattern }) => pattern.test(key)).length]).toEqual([key, 1]);
  for (const { file, pattern } of table)
    expect([file, [...finished.keys()].some((key) => pattern.test(key))]).toEqual([file, true]);
});

describe.each(table.map((row) => [row.file, row] as const))('%s', (_file, row) => {
  test('lost: is made again as it was, and no more is asked or trained than the table says', async () => {
    const lost = row.file.includes('models/') ? path.dirname(keyOf(row)) : keyOf(row);
    for (const key of [...whatRestsOn(row), lost]) rmSync(path.join(world.folder, key), { recursive: true });
    const before = [world.inference.requests.length, world.trainer.requests.length, world.scoring.read.length];
    await walk();
    const after = [world.inference.requests.length, world.trainer.requests.length, world.scoring.read.length];
    const [asked, trained, scored] = after.map((count, index) => count - before[index]!);
    expect(contents()).toEqual(finished);
    expect({ asked, trained, scored: scored! > 0 }).toEqual({
      asked: row.again === 'that completion' ? 1 : 0,
      trained: row.again === 'that training' ? 1 : 0,
      scored: row.again === 'these scores',
    });
  });

  test.each([
    ['torn', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    [
      'changed',
      (bytes: Buffer) => Buffer.from(bytes.toString().replace(/\d(?=\D*$)/, (digit) => (digit === '9' ? '0' : '9'))),
    ],
  ])('%s: is named with what to do and never used', async (_how, damage) => {
    // Weights are read by the server and the trainer, which check them: test/python/test_model_folder*.py.
    if (row.file.includes('models/')) return;
    const good = readFileSync(fileOf(row));
    const bad = damage(good);
    expect(bad.equals(good)).toBe(false);
    writeFileSync(fileOf(row), bad);
    const above = whatRestsOn(row);
    const kept = above.map((key) => [key, readFileSync(path.join(world.folder, key))] as const);
    above.forEach((key) => rmSync(path.join(world.folder, key)));
    const failure = await walk().then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(failure).toContain(keyOf(row));
    expect(failure).toMatch(
      /is corrupt: .*; it is not used\. Restore it, or delete it and start run again \(`maft run SPECIFICATION --id run`\): it is made again from/,
    );
    writeFileSync(fileOf(row), good);
    kept.forEach(([key, bytes]) => writeFileSync(path.join(world.folder, key), bytes));
  });
});

test('a training that is done again for a lost folder and ends in other weights is refused: they are of another society', async () => {
  const weights = keysNow().find((key) => key.startsWith('models/'))!;
  const kept = readFileSync(path.join(world.folder, weights));
  rmSync(path.join(world.folder, path.dirname(weights)), { recursive: true });
  const train = world.trainer.train.bind(world.trainer);
  world.trainer.train = async (request) => {
    const { model, ...rest } = await train(request);
    return { ...rest, model: model.replace(/[^.]+$/, 'ffffffff') };
  };
  await expect(walk()).rejects.toThrow(
    /^models\/run\.i1\.\S+: is lost, and training \S+ again gave other weights \(run\.i1\.\S+\.ffffffff\).*Restore the folder/,
  );
  world.trainer.train = train;
  await walk();
  expect(readFileSync(path.join(world.folder, weights))).toEqual(kept);
});

test('lost problems of data that have changed since are not replaced by others', async () => {
  const data = path.join(world.folder, 'own.jsonl');
  const rows = (answer: number) => [1, 2, 3, 4].map((a) => `{"question": "${a}?", "answer": "${answer}"}\n`).join('');
  writeFileSync(data, rows(1));
  const task = { kind: 'jsonl', answerType: 'number', path: 'own.jsonl', train: 2, eval: 2 };
  const settings = { task, method: { prompts: 'paper' } };
  await world.resolve('own', settings);
  rmSync(path.join(world.folder, 'runs/own/references/eval.jsonl'));
  writeFileSync(data, rows(2));
  await expect(world.resolve('own', settings)).rejects.toThrow(
    /runs\/own\/references\/(eval|train)\.jsonl: is missing from the store, and drawn again it holds other problems: the data have changed/,
  );
  writeFileSync(data, rows(1));
  await world.resolve('own', settings);
  expect(readFileSync(path.join(world.folder, 'runs/own/references/eval.jsonl'), 'utf8')).toContain('"answer":"1"');
});

/**
 * Of a turn or a verdict: transcripts, votes and outcome of its shard; of a critic's revision: what became of the shard's
 * problems. While those are there, it is not read again.
 */
function whatRestsOn(row: Row): string[] {
  const [revised] = /^runs\/run\/iteration-\d+\/(?=(verdicts\/)?revisions\/)/.exec(keyOf(row)) ?? [];
  if (revised !== undefined) return [...finished.keys()].filter((key) => key.startsWith(`${revised}critics/`));
  const [, iteration, split] = /^(runs\/run\/iteration-\d+)\/(?:turns|verdicts)\/([^/]+)\//.exec(keyOf(row)) ?? [];
  const shard = new RegExp(`^${iteration}/(transcripts|votes|shards)/${split}/`);
  return iteration === undefined ? [] : [...finished.keys()].filter((key) => shard.test(key));
}

/** From docs/operations.md: the files and what is done again for each. */
function readTable(): Row[] {
  const page = readFileSync(path.join(repositoryRoot(), 'docs', 'operations.md'), 'utf8');
  const section = /### Lost, torn or changed files\n([^]*?)\n##/.exec(page)![1]!;
  return [...section.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(([, file, again]) => ({
    file: file!,
    again: again!.trim(),
    pattern: patternOf(file!),
  }));
}

function patternOf(file: string): RegExp {
  const key = file.startsWith('../../') ? `${file.slice('../../'.length)}.*` : `runs/run/${file}`;
  const source = key
    .replaceAll('.', '\\.')
    .replaceAll('\\.*', '.*')
    .replaceAll('<l>', '\\d+')
    .replace('<model version>', '[^/]+')
    .replaceAll('**/', '§')
    .replaceAll(/(?<!\.)\*/g, '[^/]*')
    .replaceAll('§', '(.*/)?');
  // Training sets have a row of their own beside the report on them.
  return new RegExp(`^${source}$`);
}
