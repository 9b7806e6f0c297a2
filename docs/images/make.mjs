/**
 * The README's pictures: the first screen of the demo's report, and its run in the Temporal UI. Needs a Chromium and a
 * MAFT_HOME in which `npm run demo` has finished: `MAFT_HOME=FOLDER node docs/images/make.mjs`.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const images = path.dirname(fileURLToPath(import.meta.url));
const program = path.join(images, '..', '..', 'dist', 'src', 'cli', 'main.js');
const home = process.env.MAFT_HOME ?? path.resolve('.maft');

/** `maft up` on that home; resolves with the address of its Temporal UI. */
function startServers() {
  const child = spawn(process.execPath, [program, 'up'], { env: { ...process.env, MAFT_HOME: home } });
  const address = new Promise((resolve, reject) => {
    let said = '';
    child.on('exit', (code) => reject(new Error(`maft up ended with ${code}: ${said}`)));
    const listen = (bytes) => {
      said += bytes;
      const [found] = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(said) ?? [];
      if (found !== undefined && /workers?/i.test(said)) resolve(new URL(found).origin);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
  });
  return { child, address };
}

const browser = await chromium.launch({
  executablePath: process.env.MAFT_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const { child, address } = startServers();
try {
  const report = await browser.newPage({ viewport: { width: 1000, height: 1180 } });
  await report.goto(pathToFileURL(path.join(home, 'runs', 'demo', 'report.html')).href);
  await report.screenshot({ path: path.join(images, 'report.png') });
  const ui = await browser.newPage({ viewport: { width: 1280, height: 1500 } });
  const run = encodeURIComponent('maft/demo');
  await ui.goto(`${await address}/namespaces/default/workflows/${run}`);
  await ui.waitForTimeout(6_000);
  const timeline = { x: 256, y: 715, width: 1024, height: 420 };
  await ui.screenshot({ path: path.join(images, 'temporal-ui.png'), clip: timeline });
} finally {
  child.kill('SIGINT');
  await browser.close();
}
