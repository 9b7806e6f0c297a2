/**
 * The demo's society with LoRA, over a real vLLM and over maft.serve: `npm run test:vllm`, on demand, without a GPU. Needs
 * `npx maft setup vllm --cpu`, and some ten minutes of two free cores. Ends with 1 if a claim does not hold.
 *
 *   PROBLEMS=12     training problems, and two thirds as many to evaluate on
 *   VLLM=PROGRAM    another vLLM than the installed one
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adaptersOf, bestMatches, greedyAnswers, logProbabilities } from './answers.mjs';
import { publishCanaries } from './canaries.mjs';
import { killVllmIn, runToItsEnd, startModelServer, startPlatform } from './processes.mjs';

const problems = Number(process.env.PROBLEMS ?? 12);
const base = 'models/tiny-arithmetic';
const specification = {
  name: 'society',
  seed: 1,
  task: { kind: 'arithmetic', max: 10, heldOut: true, train: problems, eval: Math.ceil((problems * 2) / 3) },
  method: { preset: 'multiagent-finetuning', prompts: 'compact', correctedShare: 0.25, minimumAgreement: 0.5 },
  iterations: 2,
  model: { base },
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  finetuning: { weights: { lora: { rank: 8 } }, epochs: 2, learningRate: 1e-3, batchSize: 16, maxLength: 400 },
};
const questions = [
  '3+2*7+5-4*9=?',
  '6+4*4+7-5*2=?',
  '9+1*8+2-3*3=?',
  '0+5*5+1-2*8=?',
  '7+3*6+4-1*9=?',
  '2+9*9+8-6*7=?',
];
/** Both compute in fp32, in other orders: far above its rounding, far below what an adapter changes. */
const tolerance = 2e-3;

const folder = mkdtempSync(join(tmpdir(), 'maft-test-vllm-'));
const homes = { vllm: join(folder, 'on-vllm'), maft: join(folder, 'on-maft') };
const failed = [];
const started = [];

function claim(holds, words) {
  process.stdout.write(`${holds ? 'holds' : 'FAILS'}  ${words}\n`);
  if (!holds) failed.push(words);
}

async function main() {
  const file = join(folder, 'society.json');
  writeFileSync(file, JSON.stringify(specification));
  const platform = await startPlatform(homes.vllm);
  started.push(platform);

  const running = runToItsEnd(homes.vllm, ['run', file]);
  const killed = await killVllmIn(homes.vllm, 'runs/society/iteration-1/turns/train', running);
  claim(killed, 'vLLM was killed (SIGKILL) in the first debate of training problems');
  const onVllm = await running;
  claim(onVllm.exitCode === 0, `the run over vLLM ended with its report (exit code ${onVllm.exitCode})`);
  const debated = debatedProblems(homes.vllm, 'society');
  claim(
    debated === specification.iterations * problems,
    `${debated} of ${specification.iterations * problems} debates of training problems ended, none failed`,
  );
  claim(platform.restarts() >= 1, `vLLM was started again ${platform.restarts()} times`);
  const onMaft = await runToItsEnd(homes.maft, ['run', file, '--engine', 'maft']);
  claim(onMaft.exitCode === 0, 'the same specification ended over maft.serve');

  const adapters = adaptersOf(homes.vllm, 'society');
  claim(adapters.length >= 6, `${adapters.length} adapters were published in ${specification.iterations} iterations`);
  const canaries = publishCanaries(join(homes.vllm, 'models'), base);
  const reference = await startModelServer(base, join(homes.vllm, 'models'));
  started.push(reference);
  await compareGreedy({ vllm: platform.models, maft: reference.models, models: [base, ...adapters] });
  await compareWeights({ vllm: platform.models, maft: reference.models, adapters, canaries });
}

/** Transcripts of training debates that are stored, one line each. */
function debatedProblems(home, runId) {
  const folders = [1, 2].map((iteration) =>
    join(home, 'runs', runId, `iteration-${iteration}`, 'transcripts', 'train'),
  );
  const lines = folders.flatMap((folder) =>
    readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')),
  );
  return lines.join('').trimEnd().split('\n').length;
}

async function compareGreedy({ vllm, maft, models }) {
  const [left, right] = await Promise.all([
    greedyAnswers(vllm, models, questions),
    greedyAnswers(maft, models, questions),
  ]);
  const same = left.filter((text, index) => text === right[index]).length;
  const ofBase = left.slice(0, questions.length).filter((text, index) => text === right[index]).length;
  claim(ofBase === questions.length, `greedy first answers of the base: ${ofBase} of ${questions.length} equal`);
  process.stdout.write(`       greedy first answers of base and adapters: ${same} of ${left.length} equal\n`);
  left.forEach((text, index) => {
    if (text !== right[index])
      process.stdout.write(`       vLLM ${JSON.stringify(text)}, maft.serve ${JSON.stringify(right[index])}\n`);
  });
}

/** @param {number[][]} found @param {number[][]} wanted @param {string} when */
function claimOwnWeights(found, wanted, when) {
  const { own, largest } = bestMatches(found, wanted, tolerance);
  const words = `${own} of ${wanted.length} adapters answer by their own weights ${when}`;
  claim(own === wanted.length, `${words}; largest difference of a log-probability ${String(largest)}`);
}

/**
 * Twice, the second time in the opposite order: an adapter served stale, or from another's cache, would show. The base is asked
 * alone: where a batch holds adapters as well, vLLM 0.32 on a processor computes it with one of them, which is shown, not claimed.
 */
async function compareWeights({ vllm, maft, adapters, canaries }) {
  const models = [...adapters, ...canaries];
  const [wantedOfBase, ...wanted] = await logProbabilities(maft, [base, ...models]);
  const alone = await logProbabilities(vllm, [base]);
  const [ofBase, ...first] = await logProbabilities(vllm, [base, ...models]);
  const second = (await logProbabilities(vllm, [...models].reverse())).reverse();
  claimOwnWeights(first, wanted, 'at first');
  claimOwnWeights(second, wanted, 'again, in the opposite order');
  claim(bestMatches(alone, [wantedOfBase], tolerance).own === 1, 'the base, asked alone, answers by its own weights');
  const { largest } = bestMatches([ofBase], [wantedOfBase], tolerance);
  process.stdout.write(`       the base in a batch with adapters: largest difference ${String(largest)}\n`);
  const seen = new Set(await greedyAnswers(vllm, canaries, questions.slice(0, 1)));
  claim(
    seen.size === canaries.length,
    `${canaries.length} canaries, two per agent, give ${seen.size} different answers`,
  );
}

try {
  await main();
} finally {
  for (const each of started.reverse()) await each.stop();
  if (failed.length === 0) rmSync(folder, { recursive: true });
  else process.stdout.write(`files are kept in ${folder}\n`);
}
process.exitCode = failed.length === 0 ? 0 : 1;
