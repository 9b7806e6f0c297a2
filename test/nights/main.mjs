/**
 * `npm run test:nights`: three nights of a line on the tiny model, with everything that a user has: `maft up`, a schedule
 * that fires every ten seconds, the real trainer. The second night has too little time, the third one's worker is killed.
 * `npm test` has the same in small, with doubles for model and trainer (test/workflows/nights.test.ts).
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const home = mkdtempSync(path.join(tmpdir(), 'maft-real-nights-'));
const script = path.join(root, 'dist/src/cli/main.js');
const env = { ...process.env, MAFT_HOME: home, MAFT_DATA: root };
const maft = async (...words) => (await promisify(execFile)(process.execPath, [script, ...words], { env })).stdout;
const say = (text) => process.stdout.write(`${text}\n`);

const line = {
  task: { kind: 'arithmetic', max: 10, heldOut: true, train: 96, eval: 30 },
  model: { base: 'models/tiny-arithmetic' },
  method: { prompts: 'compact', correctedShare: 0.25, minimumAgreement: 0.5 },
};
const night = (limits) => ({
  ...{ line: 'nights', seed: 'run', iterations: 1, limits },
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  finetuning: { weights: 'full', epochs: 2, learningRate: 1e-4, batchSize: 16, maxLength: 400 },
  evaluation: { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] },
  execution: { shardSize: 6, shardsInFlight: 2, problemsInFlight: 12 },
});

async function schedule(limits) {
  const file = write('schedule.json', { id: 'nights', when: { every: '10s' }, run: night(limits) });
  say((await maft('schedule', 'apply', file)).trim().split('\n')[0]);
}

function write(name, content) {
  writeFileSync(path.join(home, name), JSON.stringify(content));
  return path.join(home, name);
}

async function until(what, holds, withinSeconds = 2400) {
  const end = Date.now() + withinSeconds * 1000;
  while (!(await holds())) {
    assert(Date.now() < end, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const json = (...names) => JSON.parse(readFileSync(path.join(home, ...names), 'utf8'));
const runs = () => (existsSync(path.join(home, 'runs')) ? readdirSync(path.join(home, 'runs')).sort() : []);
const decided = (run) => existsSync(path.join(home, 'runs', run, 'decisions/1-promotion.json'));
const files = (folder) => (existsSync(folder) ? readdirSync(folder, { recursive: true }) : []);

async function ended(number) {
  await until(`night ${number} has ended`, () => runs().length >= number && decided(runs()[number - 1]));
  const run = runs()[number - 1];
  const { promoted, why, evidence } = json('runs', run, 'decisions/1-promotion.json');
  const share = (value) => `${(100 * value).toFixed(1)} %`;
  const { candidate, parent } = evidence.accuracy ?? { candidate: NaN, parent: NaN };
  say(
    `night ${number}, ${run}: ${share(parent)} -> ${share(candidate)}; ${promoted ? 'promoted' : 'not promoted'}: ${why}`,
  );
  const passes = evidence.comparison?.difference > 0 && evidence.comparison.pValue < evidence.bar;
  assert.equal(promoted, passes === true, 'promoted exactly if the gate was passed');
  return run;
}

function killWorker() {
  const of = (number, file) => {
    try {
      return readFileSync(`/proc/${number}/${file}`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  };
  const workers = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && of(name, 'environ').includes(`MAFT_HOME=${home} `))
    .filter((name) => / worker /.test(`${of(name, 'cmdline')} `) && of(name, 'cmdline').includes('main.js'));
  assert.equal(workers.length, 1, 'one worker is found');
  process.kill(Number(workers[0]), 'SIGKILL');
}

/** Seconds that leave about half of the training problems of a night that goes as fast as this one. */
function tooFewSeconds(run) {
  const timings = [0, 1].flatMap((iteration) => json('runs', run, `iteration-${iteration}`, 'timings.json').timings);
  const of = (...stages) =>
    timings.filter(({ stage }) => stages.includes(stage)).reduce((sum, each) => sum + each.seconds, 0);
  return Math.ceil(of('evaluate') * 1.1 + of('report', 'select') * 2 + 0.6 * of('debate', 'finetune'));
}

const up = spawn(process.execPath, [script, 'up'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
try {
  await until(
    'the servers are ready',
    () =>
      maft('status').then(
        () => true,
        () => false,
      ),
    600,
  );
  await maft('line', 'create', 'nights', '--spec', write('line.json', line));
  await schedule({ deadline: '2h' });
  await until('the first night has begun', () => runs().length > 0);
  await maft('schedule', 'pause', 'nights');
  await schedule({ deadline: `${tooFewSeconds(await ended(1))}s` });
  await maft('schedule', 'resume', 'nights');
  await until('the second night has begun', () => runs().length > 1);
  await schedule({ deadline: '2h' });
  const late = await ended(2);
  const { planned, problems } = json('runs', late, 'decisions/2-fewer-problems.json');
  const { why } = json('runs', late, 'decisions/3-ended-early.json');
  say(`night 2 was late: ${why}`);
  assert(problems > 0 && problems < planned);
  await until(
    'the third night debates',
    () =>
      runs().length > 2 &&
      files(path.join(home, 'runs', runs()[2], 'iteration-1/turns')).some((file) => file.endsWith('.json')),
  );
  killWorker();
  say('night 3: its worker was killed');
  await ended(3);
  await maft('schedule', 'delete', 'nights');
  say(await maft('line', 'history', 'nights'));
} finally {
  up.kill('SIGTERM');
  await new Promise((resolve) => up.once('exit', resolve));
}
rmSync(home, { recursive: true, force: true });
say('three nights: passed');
