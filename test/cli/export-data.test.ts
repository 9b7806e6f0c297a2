/** What `maft export-data` writes of a run in the store: its own examples, or those that its transcripts give. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportData, type ExportOptions } from '../../src/cli/export-data';
import type { TrainingExample } from '../../src/contract/training';
import type { Transcript } from '../../src/contract/transcript';
import { parseLines } from '../../src/artifacts/lines';
import { iterationKeys } from '../../src/domain/keys';
import { activityWorld, trainingShard, type ActivityWorld } from '../support/activity-world';

const folder = mkdtempSync(join(tmpdir(), 'maft-export-'));
let world: ActivityWorld;
let transcripts: Transcript[];
let exports = 0;

/** Debates and selects, as the workflow does. */
async function selectedRun(runId: string, changes: object = {}): Promise<Transcript[]> {
  const plan = await world.resolve(runId, { task: { kind: 'arithmetic', max: 10, train: 12, eval: 2 }, ...changes });
  const debated = await world.debate(trainingShard(plan));
  await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [debated.transcripts] });
  return parseLines<Transcript>(await world.store.readVerified(debated.transcripts));
}

beforeAll(async () => {
  world = await activityWorld();
  transcripts = await selectedRun('society');
  await selectedRun('control', { method: { prompts: 'compact', select: 'none' } });
  await world.resolve('debate', { method: { preset: 'debate', prompts: 'compact' }, iterations: 0 });
  await world.resolve('begun');
  world.inference.says = ({ messages }) => (messages[0]!.content.startsWith('List:') ? undefined : '#1');
  await selectedRun('unanimous');
});

afterAll(async () => {
  await world.remove();
  rmSync(folder, { recursive: true });
});

interface Line {
  prompt: { role: string; content: string }[];
  completion: { role: string; content: string }[];
  chosen: { role: string; content: string }[];
  rejected: { role: string; content: string }[];
  label: boolean;
  reward: number;
}

async function exported(run: string, options: Partial<ExportOptions> & Pick<ExportOptions, 'as'>) {
  const out = options.out ?? join(folder, `export-${(exports += 1)}`);
  const summary = await exportData(world.store, run, { ...options, out });
  const text = (agent: string) => readFileSync(join(out, `${agent}.jsonl`), 'utf8');
  return { summary, out, text, lines: (agent: string) => parseLines<Line>(Buffer.from(text(agent))) };
}

const trainingSet = async (runId: string, agent: string) =>
  parseLines<TrainingExample>((await world.store.read(iterationKeys.trainingSet({ runId, iteration: 1 }, agent)))!);
const turnsOf = (round: number) => transcripts.flatMap(({ rounds }) => rounds[round - 1]!.turns);

test('sft: each agent`s file holds the prompts and completions of its own training set, in its order', async () => {
  const { summary, lines } = await exported('society', { as: 'sft' });
  expect(summary).toMatchObject({ runId: 'society', iteration: 1, as: 'sft', weightsLeftOut: false });
  for (const { agent, examples } of summary.agents.filter((each) => each.file !== null)) {
    const learnt = await trainingSet('society', agent);
    expect(lines(agent).map(({ prompt, completion }) => [prompt, completion])).toEqual(
      learnt.map(({ messages, completion }) => [messages, [{ role: 'assistant', content: completion }]]),
    );
    expect(examples).toBe(learnt.length);
  }
});

test('dpo: chosen agrees with the vote, rejected does not, and both answered the same messages', async () => {
  const { lines } = await exported('society', { as: 'dpo' });
  const first = turnsOf(1);
  const said = ([message]: Line['chosen'], prompt: Line['prompt']) =>
    first.filter((turn) => turn.response === message!.content && turn.messages[0]!.content === prompt[0]!.content);
  expect(lines('generation-1').length).toBeGreaterThan(0);
  for (const { prompt, chosen, rejected } of lines('generation-1')) {
    expect(said(chosen, prompt).every(({ agrees }) => agrees)).toBe(true);
    expect(said(rejected, prompt).length).toBeGreaterThan(0);
    expect(said(rejected, prompt).some(({ agrees }) => agrees)).toBe(false);
  }
});

test('kto and rewards: every readable response of the agent with what the vote says of it', async () => {
  const { lines } = await exported('society', { as: 'kto', agent: 'generation-2' });
  const own = turnsOf(1).filter(({ agent }) => agent === 'generation-2');
  const labels = new Map(own.map(({ messages, agrees }) => [messages[0]!.content, agrees]));
  expect(lines('generation-2')).toHaveLength(own.length);
  for (const { prompt, label } of lines('generation-2')) expect(label).toBe(labels.get(prompt[0]!.content));
  expect(new Set(lines('generation-2').map(({ label }) => label))).toEqual(new Set([true, false]));
  const rewarded = await exported('society', { as: 'rewards', agent: 'generation-2' });
  expect(rewarded.text('generation-2')).toMatch(/"reward":1\.0}\n/);
  expect(rewarded.lines('generation-2').map(({ reward }) => reward === 1)).toEqual(
    lines('generation-2').map(({ label }) => label),
  );
});

test('a run that selects without a vote still has preferences by its vote', async () => {
  const { lines } = await exported('control', { as: 'kto', agent: 'generation-1' });
  expect(new Set(lines('generation-1').map(({ label }) => label))).toEqual(new Set([true, false]));
});

test('the same export is written again as it is, another is refused without --overwrite', async () => {
  const out = join(folder, 'again');
  const { text } = await exported('society', { as: 'sft', agent: 'generation-1', out });
  const before = text('generation-1');
  await exported('society', { as: 'sft', agent: 'generation-1', out });
  await expect(exported('society', { as: 'kto', agent: 'generation-1', out })).rejects.toThrow(
    /--out: .*generation-1\.jsonl holds something else; give --overwrite/,
  );
  expect(text('generation-1')).toBe(before);
  await exported('society', { as: 'kto', agent: 'generation-1', out, overwrite: true });
  expect(text('generation-1')).not.toBe(before);
  writeFileSync(join(out, 'critic-9.jsonl'), '');
  await expect(exported('society', { as: 'kto', out, overwrite: true })).rejects.toThrow(
    /critic-9\.jsonl from elsewhere/,
  );
});

test.each<[string, Partial<ExportOptions> & Pick<ExportOptions, 'as'>, RegExp]>([
  ['debate', { as: 'sft' }, /debate has nothing to export: its method debate does not train/],
  ['begun', { as: 'sft' }, /begun has nothing to export yet: no data are selected/],
  ['nowhere', { as: 'sft' }, /run: "nowhere" names no run of this store/],
  ['society', { as: 'sft', iteration: 2 }, /--iteration: society has no training data of 2; it has them of 1 to 1/],
  [
    'society',
    { as: 'sft', agent: 'critic-4' },
    /--agent: "critic-4" is not trained in society; it trains generation-1/,
  ],
  [
    'unanimous',
    { as: 'dpo' },
    /nothing to export as dpo of iteration 1: no two responses to the same messages disagree/,
  ],
  ['unanimous', { as: 'dpo', agent: 'critic-1' }, /as dpo of iteration 1: .* \(--as kto needs no pairs\)/],
])('%s %j: one sentence, and no folder', async (run, options, sentence) => {
  const out = join(folder, `none-${(exports += 1)}`);
  const problem: { problems?: string[] } = await exported(run, { ...options, out }).then(
    () => ({}),
    (error: { problems: string[] }) => error,
  );
  expect(problem.problems).toEqual([expect.stringMatching(sentence)]);
  expect(existsSync(out)).toBe(false);
});
