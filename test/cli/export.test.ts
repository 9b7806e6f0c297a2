/** What `maft export` writes of societies in a store: real model folders, real Python, no models asked. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportSociety } from '../../src/cli/export';
import { sha256 } from '../../src/domain/digests';
import { servedName } from '../../src/domain/society';
import { isOwnCard } from '../../src/export/front-matter';
import type { RunPlan } from '../../src/contract/run';
import { demoModelDirectory } from '../../src/machine/paths';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';
import { FolderTrainer } from '../support/folder-trainer';
import { startHub, type Hub } from '../support/hub';
import { testPython } from '../support/model-server';

// Each folder takes a Python, and each merge a cold start of torch.
jest.setTimeout(120_000);

const base = 'models/tiny-arithmetic';
const lora = { finetuning: { weights: { lora: { rank: 12, alpha: 24 } } } };
const folder = mkdtempSync(path.join(tmpdir(), 'maft-export-'));
const environment = { ...process.env };
let world: ActivityWorld;
let hub: Hub;
let ofHub: string;
let exports = 0;

beforeAll(async () => {
  hub = await startHub();
  Object.assign(process.env, { HF_ENDPOINT: hub.url, HF_HOME: path.join(folder, 'hub') });
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_HUB_CACHE', 'LLAMA_CPP']) delete process.env[name];
  const files = readdirSync(demoModelDirectory()).map((name) => [name, path.join(demoModelDirectory(), name)] as const);
  const commit = hub.commit('acme/tiny', {
    ...Object.fromEntries(files.map(([name, file]) => [name, readFileSync(file)])),
    'README.md': Buffer.from('---\nlicense: other\nlicense_name: acme-terms\nlicense_link: https://acme.test\n---\n'),
  });
  ofHub = `acme/tiny@${commit}`;
  world = await activityWorld(({ store }) => {
    const trainer = new FolderTrainer(store);
    return { trainer: () => trainer };
  });
  world.inference.served = [base, servedName(ofHub)];
  await evaluatedRun('adapters', { ...lora, iterations: 2, description: 'Is <b>this</b> `ours`?' });
  await evaluatedRun('whole', { finetuning: { weights: 'full' } });
});

afterAll(async () => {
  process.env = { ...environment };
  await hub.close();
  await world.remove();
  rmSync(folder, { recursive: true });
});

/** Every iteration of a run, as the workflow orders them. */
async function evaluatedRun(runId: string, changes: object): Promise<void> {
  const task = { kind: 'arithmetic', max: 10, train: 10, eval: 4 };
  const plan = await world.resolve(runId, { task, model: { base }, ...changes });
  await evaluate(plan, 0);
  for (let iteration = 1; iteration <= plan.iterations; iteration += 1) {
    const shard = { ...trainingShard(plan), iteration, societyIteration: iteration - 1 };
    const { transcripts } = await world.debate(shard);
    await world.call('selectTrainingData', { plan, iteration, transcripts: [transcripts] });
    for (const agent of plan.trainedAgents) await world.call('finetuneAgent', { runId, iteration, agent });
    await world.call('recordSociety', { plan, iteration });
    await evaluate(plan, iteration);
  }
}

async function evaluate(plan: RunPlan, iteration: number): Promise<void> {
  const shard = await world.debate({ ...evaluationShard(plan), iteration, societyIteration: iteration });
  await world.call('scoreEvaluation', { plan, iteration, shards: [shard] });
}

type Options = Parameters<typeof exportSociety>[1];

async function exported(society: string, options: Partial<Options> & Pick<Options, 'as'>) {
  const out = options.out ?? path.join(folder, `export-${(exports += 1)}`);
  const machine = { store: world.store, python: async () => testPython, listener: () => undefined };
  const { signal } = new AbortController();
  const summary = await exportSociety(society, { ...options, out }, { ...machine, signal });
  const text = (...names: string[]) => readFileSync(path.join(out, ...names), 'utf8');
  return { summary, out, text, card: (agent: string) => text(agent, 'README.md') };
}

const modelFolder = (model: string) => path.join(world.folder, 'models', model);
const digestIn = (...parts: string[]) => sha256(readFileSync(path.join(...parts)));
const names = (...parts: string[]) => readdirSync(path.join(...parts)).sort();

test('peft: an adapter per agent with tokenizer, template and card; nothing else is left in the folder', async () => {
  const { summary, out, text } = await exported('adapters', { as: 'peft' });
  const agents = ['generation-1', 'generation-2', 'generation-3', 'critic-1', 'critic-2', 'critic-3'];
  expect(summary).toMatchObject({ society: 'adapters@2', as: 'peft', untuned: [], commands: [] });
  expect(summary.agents.map(({ name }) => name)).toEqual(agents);
  expect(names(out)).toEqual([...agents].sort());
  const tokenizer = ['chat_template.jinja', 'tokenizer.json', 'tokenizer_config.json'];
  const files = ['README.md', 'adapter_config.json', 'adapter_model.safetensors', ...tokenizer];
  for (const { name, model } of summary.agents) {
    expect(names(out, name)).toEqual(files);
    expect(digestIn(out, name, 'adapter_model.safetensors')).toBe(
      digestIn(modelFolder(model), 'adapter_model.safetensors'),
    );
    expect(JSON.parse(text(name, 'adapter_config.json'))).toMatchObject({ base_model_name_or_path: 'tiny-arithmetic' });
  }
});

test('an iteration before the last is exported with its own weights', async () => {
  const { summary } = await exported('adapters@1', { as: 'peft', agent: 'critic-2' });
  expect(summary.agents.map(({ model }) => model)).toEqual([expect.stringMatching(/^adapters\.i1\.critic-2\./)]);
});

test('the card says where the weights come from and how well they answer, with n and interval, and nothing of this machine', async () => {
  const { card } = await exported('adapters', { as: 'peft', agent: 'generation-2' });
  const text = card('generation-2');
  expect(text).toContain('of the society of run `adapters` after iteration 2');
  expect(text).toContain('> Is &lt;b&gt;this&lt;/b&gt; \\`ours\\`?');
  expect(text).toMatch(/\| `adapters` \| 1 \| .*\n\| `adapters` \| 2 \| /);
  expect(text).toContain('LoRA, rank 12, alpha 24');
  expect(text).toContain('**No reference answers were used**');
  expect(text).toMatch(/\| the whole society \| 4 \| [\d.]+\s% \| [\d.]+\s% to [\d.]+\s% \|/);
  expect(text).toMatch(/\| `generation-2` alone, one call \| 4 \| [\d.]+\s% \| /);
  expect(text).toMatch(/^license: mit$/m);
  expect(text).not.toMatch(/^base_model:/m);
  expect(text).not.toContain(world.folder);
  expect(text).not.toContain(demoModelDirectory());
  expect(isOwnCard(text)).toBe(true);
});

test('runs that select by reference answers say so in the card', async () => {
  await evaluatedRun('labelled', { ...lora, method: { prompts: 'compact', select: 'reference' } });
  const { card } = await exported('labelled', { as: 'peft', agent: 'generation-1' });
  expect(card('generation-1')).toContain(
    '**Reference answers were used** to make or choose them in `labelled` iteration 1',
  );
});

test('a base of the Hub is named with its commit, and its terms are passed on', async () => {
  await evaluatedRun('of-hub', { ...lora, model: { base: ofHub } });
  const [, commit] = ofHub.split('@');
  const { summary, text, card } = await exported('of-hub', { as: 'vllm', agent: 'critic-1' });
  const config = JSON.parse(text('critic-1', 'adapter_config.json')) as object;
  expect(config).toMatchObject({ base_model_name_or_path: 'acme/tiny', revision: commit });
  expect(card('critic-1')).toMatch(/^base_model: acme\/tiny\nbase_model_relation: adapter\n/m);
  expect(card('critic-1')).toMatch(/^license: other\nlicense_name: acme-terms\nlicense_link: https:\/\/acme.test$/m);
  expect(summary.commands).toEqual([
    expect.stringContaining(`vllm serve acme/tiny --revision ${commit} --enable-lora`),
  ]);
});

test('full weights whose base of the Hub is not on this machine are exported without its terms, and nothing is fetched', async () => {
  await evaluatedRun('of-hub-whole', { finetuning: { weights: 'full' }, model: { base: ofHub } });
  hub.asked.length = 0;
  process.env.HF_HOME = path.join(folder, 'empty');
  try {
    const { card } = await exported('of-hub-whole', { as: 'merged', agent: 'critic-1' });
    expect(card('critic-1')).toContain('Its licence is not known here');
    expect(card('critic-1')).toMatch(/^base_model: acme\/tiny$/m);
  } finally {
    process.env.HF_HOME = path.join(folder, 'hub');
  }
  expect(hub.asked).toEqual([]);
});

test('merged: full weights are copied byte for byte, without the record of the training', async () => {
  const { summary, out } = await exported('whole', { as: 'merged', agent: 'critic-3' });
  const { model } = summary.agents[0]!;
  expect(names(out, 'critic-3')).toEqual(names(demoModelDirectory()));
  for (const name of names(out, 'critic-3').filter((each) => each !== 'README.md'))
    expect(digestIn(out, 'critic-3', name)).toBe(digestIn(modelFolder(model), name));
});

test('vllm: one server with all adapters, its rank one that vLLM takes; full weights: one server each', async () => {
  const adapters = await exported('adapters', { as: 'vllm', out: path.join(folder, 'with space') });
  const of = (name: string) => `'${name}=${path.join(adapters.out, name)}'`;
  const [command, ...more] = adapters.summary.commands;
  expect(more).toEqual([]);
  expect(command).toContain(
    `vllm serve ${demoModelDirectory()} --enable-lora --max-loras 6 --max-lora-rank 16 --lora-modules`,
  );
  expect(command).toContain([of('generation-1'), of('generation-2')].join(' '));
  expect(adapters.card('critic-1')).toContain(
    'vllm serve tiny-arithmetic --enable-lora --max-loras 1 --max-lora-rank 16',
  );
  expect(adapters.card('critic-1')).toContain('--lora-modules critic-1=critic-1\n');
  const whole = await exported('whole', { as: 'vllm' });
  expect(whole.summary.commands.map((line) => line.replace(/.*--served/, '--served'))).toEqual(
    whole.summary.agents.map(({ name }, index) => `--served-model-name ${name} --port ${8000 + index}`),
  );
});

test('ollama: an adapter is merged, and a Modelfile beside it samples as the run did', async () => {
  const { summary, out, text } = await exported('adapters', { as: 'ollama', agent: 'generation-1' });
  expect(names(out, 'generation-1')).toEqual(expect.arrayContaining(['Modelfile', 'model.safetensors', 'config.json']));
  expect(names(out, 'generation-1')).not.toContain('adapter_config.json');
  expect(text('generation-1', 'Modelfile')).toMatch(
    /\nFROM \.\nPARAMETER temperature 1\nPARAMETER top_p 0.9\n[\s\S]*PARAMETER num_predict 2048\nPARAMETER num_ctx 512\n$/,
  );
  expect(summary.commands).toEqual([
    `ollama create adapters-2-generation-1 -f ${path.join(out, 'generation-1', 'Modelfile')}`,
    'ollama run adapters-2-generation-1',
  ]);
});

/** Stands in for llama.cpp's converter, which is an external program; the real one also imports what lies beside it. */
function llamaCpp(lines: string): string {
  const checkout = path.join(folder, `llama.cpp-${(exports += 1)}`);
  mkdirSync(checkout);
  writeFileSync(path.join(checkout, 'beside.py'), 'MAGIC = b"GGUF"\n');
  const script = `import os, sys\nfrom beside import MAGIC\nmodel, file = sys.argv[1], sys.argv[3]\n${lines}\n`;
  writeFileSync(path.join(checkout, 'convert_hf_to_gguf.py'), script);
  return checkout;
}

test('gguf: llama.cpp`s converter is given the merged model, and only its file is kept', async () => {
  const converter = llamaCpp(
    "assert sys.argv[2:] == ['--outfile', file, '--outtype', 'auto']\n" +
      "open(file, 'wb').write(MAGIC + ' '.join(sorted(os.listdir(model))).encode())",
  );
  const { summary, out, text } = await exported('whole', { as: 'gguf', agent: 'critic-1', llamaCpp: converter });
  expect(summary).toMatchObject({ agents: [{ holds: 'gguf' }], commands: [] });
  expect(names(out, 'critic-1')).toEqual(['README.md', 'critic-1.gguf']);
  expect(text('critic-1', 'critic-1.gguf')).toMatch(/^GGUF.*config\.json .*model\.safetensors/);
  expect(text('critic-1', 'README.md')).toContain('llama-cli -m critic-1.gguf');
});

test('gguf: the converter runs in the environment of its own checkout, if it has one', async () => {
  const converter = llamaCpp("open(file, 'w').write(os.environ['OF_CHECKOUT'])");
  const programs = path.join(converter, '.venv', 'bin');
  mkdirSync(programs, { recursive: true });
  const wrapper = `#!/bin/sh\nOF_CHECKOUT=its-own exec ${testPython} "$@"\n`;
  writeFileSync(path.join(programs, 'python'), wrapper, { mode: 0o755 });
  const { text } = await exported('whole', { as: 'gguf', agent: 'critic-1', llamaCpp: converter });
  expect(text('critic-1', 'critic-1.gguf')).toBe('its-own');
});

test('gguf without llama.cpp: the merged model, and the command that converts it', async () => {
  const { summary, out } = await exported('whole', { as: 'gguf', agent: 'critic-1' });
  expect(names(out, 'critic-1')).toContain('model.safetensors');
  const agent = path.join(out, 'critic-1');
  expect(summary.commands).toEqual([
    `${testPython} llama.cpp/convert_hf_to_gguf.py ${agent} --outfile ${agent}/critic-1.gguf --outtype auto`,
  ]);
});

test('a converter that fails is told in its own words, and leaves nothing behind', async () => {
  const out = path.join(folder, 'unconverted');
  const failing = {
    as: 'gguf',
    agent: 'critic-1',
    out,
    llamaCpp: llamaCpp('sys.exit("Model LlamaTiny is not supported")'),
  } as const;
  await expect(exported('whole', failing)).rejects.toThrow(
    /^converting critic-1 with .*: Model LlamaTiny is not supported$/,
  );
  expect(names(out)).toEqual([]);
  await expect(exported('whole', { ...failing, llamaCpp: folder })).rejects.toThrow(
    /--llama-cpp: there is no .*convert_hf_to_gguf\.py; give/,
  );
});

test('agents that share their weights have one folder', async () => {
  await evaluatedRun('one', { ...lora, method: { prompts: 'compact', weights: 'one' } });
  const { summary, out, card } = await exported('one', { as: 'peft' });
  expect(names(out)).toEqual(['shared']);
  expect(summary.agents[0]!.agents).toHaveLength(6);
  expect(card('shared')).toContain('One model for all agents');
  expect(card('shared')).toContain('`generation-3` alone, one call');
  expect((await exported('one', { as: 'peft', agent: 'critic-2' })).summary.agents[0]!.name).toBe('shared');
});

test('agents that still are the base model are named and not copied', async () => {
  await evaluatedRun('half', { ...lora, method: { prompts: 'compact', critics: 'untuned' } });
  const { summary, out, card } = await exported('half', { as: 'peft' });
  expect(summary.untuned).toEqual(['critic-1', 'critic-2', 'critic-3']);
  expect(names(out)).toEqual(['generation-1', 'generation-2', 'generation-3']);
  expect(card('generation-1')).toContain('Not tuned, still the base model: `critic-1`, `critic-2`, `critic-3`.');
  await expect(exported('half', { as: 'peft', agent: 'critic-1' })).rejects.toThrow(
    '--agent: "critic-1" is the untuned base model in half@1; its tuned agents are generation-1, generation-2, generation-3',
  );
});

test('weights that went on from another run have the trainings of both in their card', async () => {
  await evaluatedRun('later', { ...lora, model: { base, society: 'adapters@1' } });
  const { card } = await exported('later', { as: 'peft', agent: 'critic-1' });
  expect(card('critic-1')).toMatch(/\| `adapters` \| 1 \| .*\n\| `later` \| 1 \| /);
  const untouched = await exported('later@0', { as: 'peft', agent: 'critic-1' });
  expect(untouched.summary.agents[0]!.model).toMatch(/^adapters\.i1\./);
  expect(untouched.card('critic-1')).toContain('1\u00a0training, oldest first');
});

test.each([
  [
    'adapters@0',
    { as: 'peft' },
    'society: adapters@0 has nothing to export: all its agents are the untuned base model',
  ],
  ['adapters@7', { as: 'peft' }, 'society: "adapters@7" does not exist; the run has societies 0 to 2'],
  [
    'adapters',
    { as: 'merged', agent: 'critic-9' },
    '--agent: "critic-9" is not an agent of adapters@2; its tuned agents are',
  ],
  [
    'whole',
    { as: 'peft', agent: 'critic-1' },
    '--as: peft takes LoRA adapters, and critic-1 has full weights; give --as merged',
  ],
] as const)('%s as %j is refused before anything is written', async (society, options, sentence) => {
  const out = path.join(folder, 'refused');
  await expect(exported(society, { ...options, out })).rejects.toThrow(sentence);
  expect(existsSync(out)).toBe(false);
});

test('weights that are not in this store are refused with where they were served', async () => {
  const { summary } = await exported('whole', { as: 'merged', agent: 'generation-3' });
  const weights = modelFolder(summary.agents[0]!.model);
  cpSync(weights, path.join(folder, 'aside'), { recursive: true });
  rmSync(weights, { recursive: true });
  await expect(exported('whole', { as: 'merged' })).rejects.toThrow(
    /^society: the weights of generation-3 .* are not in .*; they were served at the endpoint "embedded": set MAFT_STORE/,
  );
  cpSync(path.join(folder, 'aside'), weights, { recursive: true });
});

test('weights that changed since they were published are refused, and what was exported before stays', async () => {
  const { summary, out, text } = await exported('adapters', { as: 'peft', agent: 'critic-3' });
  const before = text('critic-3', 'README.md');
  const file = path.join(modelFolder(summary.agents[0]!.model), 'adapter_model.safetensors');
  const content = readFileSync(file);
  rmSync(file);
  writeFileSync(file, Buffer.concat([content.subarray(0, -1), Buffer.from([content.at(-1)! ^ 1])]));
  const again = { as: 'peft', agent: 'critic-3', out, overwrite: true } as const;
  await expect(exported('adapters', again)).rejects.toThrow(
    /is not what was published: the SHA-256 of adapter_model\.safetensors should be .* Restore the folder from a copy/,
  );
  expect(names(out)).toEqual(['critic-3']);
  expect(text('critic-3', 'README.md')).toBe(before);
  writeFileSync(file, content);
});

test('an export is replaced with --overwrite only, and a folder of something else never', async () => {
  const { out } = await exported('whole', { as: 'merged', agent: 'critic-1' });
  const again = { as: 'vllm', agent: 'critic-1', out } as const;
  await expect(exported('whole', again)).rejects.toThrow(
    /--out: .*critic-1 holds an export already; give --overwrite, or/,
  );
  writeFileSync(path.join(out, 'critic-1', 'stale'), '');
  await exported('whole', { ...again, overwrite: true });
  expect(names(out)).toEqual(['critic-1']);
  expect(names(out, 'critic-1')).not.toContain('stale');
  writeFileSync(path.join(out, 'critic-1', 'README.md'), '# Mine\n');
  await expect(exported('whole', { ...again, overwrite: true })).rejects.toThrow(
    /holds something else than an export; give a new/,
  );
  expect(readFileSync(path.join(out, 'critic-1', 'README.md'), 'utf8')).toBe('# Mine\n');
});

test('what a killed export left behind is removed by the next, and what a living one writes is not', async () => {
  const out = path.join(folder, 'killed');
  const gone = spawn('true');
  await new Promise((resolve) => gone.once('exit', resolve));
  const left = [
    `.critic-1.${gone.pid}.partial`,
    `.critic-1.${gone.pid}.partial.adapter-x`,
    `.critic-1.${process.ppid}.partial`,
  ];
  for (const name of left) mkdirSync(path.join(out, name), { recursive: true });
  await exported('whole', { as: 'merged', agent: 'critic-1', out });
  expect(names(out)).toEqual([left[2], 'critic-1']);
});

test('the same export is the same folder', async () => {
  const digests = async () => {
    const { out } = await exported('adapters', { as: 'peft', agent: 'generation-3' });
    return names(out, 'generation-3').map((name) => digestIn(out, 'generation-3', name));
  };
  expect(await digests()).toEqual(await digests());
});

test('the Hub`s own client reads the head of a card', async () => {
  const { out } = await exported('adapters', { as: 'peft', agent: 'critic-1' });
  const lines =
    'import json, sys; from huggingface_hub import ModelCard; print(json.dumps(ModelCard.load(sys.argv[1]).data.to_dict()))';
  const read = spawnSync(testPython, ['-c', lines, path.join(out, 'critic-1', 'README.md')], { encoding: 'utf8' });
  expect(read.stderr).toBe('');
  expect(JSON.parse(read.stdout)).toEqual({
    library_name: 'peft',
    license: 'mit',
    pipeline_tag: 'text-generation',
    tags: ['multiagent-finetuning', 'multi-agent-debate', 'critic', 'lora'],
  });
});
