#!/usr/bin/env node
/**
 * Stands for the Python of `python -m maft.train` on a machine with GPUs: trains until a file allows it to end, and notes on
 * which "GPU" it begins and ends. Its own process, for it gets orphaned: when its parent is gone it writes its checkpoint,
 * which takes a moment, as a real one does.
 */
const { appendFileSync, existsSync, readFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');

const job = JSON.parse(readFileSync(process.argv[process.argv.indexOf('--job') + 1], 'utf8'));
const folder = process.env.FAKE_TRAININGS;
const note = (what) =>
  appendFileSync(
    join(folder, 'log'),
    `${JSON.stringify({ what, gpu: process.env.CUDA_VISIBLE_DEVICES, job: job.seed, pid: process.pid })}\n`,
  );
const tell = (event) => writeSync(3, `${JSON.stringify(event)}\n`);
const leave = (what, code) => {
  note(what);
  process.exit(code);
};

note('begins');
tell({
  ...{
    event: 'started',
    pid: process.pid,
    device: 'cuda',
    precision: 'bf16',
    examples: 1,
    steps: 1,
    resumedFromStep: 0,
  },
  versions: {},
});
const breakOff = () => setTimeout(() => leave('broken off', 5), 700);
process.stdin.on('end', breakOff).resume();
process.on('SIGTERM', breakOff);
setInterval(() => {
  if (existsSync(join(folder, `lost-${process.env.CUDA_VISIBLE_DEVICES}`))) leave('lost its GPU', 6);
  if (!existsSync(join(folder, `may-end-${job.seed}`)) && !existsSync(join(folder, 'all-may-end'))) return;
  const loss = { step: 1, loss: 0 };
  tell({ event: 'finished', digest: 'd', steps: 1, tokens: 1, seconds: 1, peakGpuMemoryBytes: 1, lossCurve: [loss] });
  leave('finished', 0);
}, 50);
