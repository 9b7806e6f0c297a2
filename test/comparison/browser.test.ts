/** The comparison in a real browser. Needs Chromium: Debian's package, or whatever MAFT_CHROMIUM points to. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { buildComparison, renderComparisonPage } from '../../src/comparison';
import { comparisonFixture } from '../support/comparison-fixture';
import { hostileLine } from '../support/hostile-text';

const candidates = [
  process.env.MAFT_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = candidates.find((file) => file !== undefined && file !== '' && existsSync(file));
if (executablePath === undefined) {
  process.stderr.write(
    'SKIPPED test/comparison/browser.test.ts: no Chromium found; install it or set MAFT_CHROMIUM.\n',
  );
}
const inBrowser = executablePath === undefined ? describe.skip : describe;

const tasks = [1, 2, 3].map((number) => ({ name: `task-${number}`, kind: 'arithmetic', max: 10 * number, eval: 200 }));
const several = comparisonFixture({ specification: { task: undefined, tasks, seeds: [1, 2] } });
const hostile = comparisonFixture();
const pages = {
  several: renderComparisonPage(buildComparison(several)),
  hostile: renderComparisonPage({
    ...buildComparison(hostile),
    name: hostileLine,
    headline: hostileLine,
    notices: [hostileLine],
    specification: { name: hostileLine },
  }),
  empty: renderComparisonPage(buildComparison({ ...hostile, runs: [] })),
};

inBrowser('the page of a comparison', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    folder = await mkdtemp(path.join(tmpdir(), 'maft-comparison-'));
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  async function open(markup: string, { width, colorScheme }: { width: number; colorScheme: 'light' | 'dark' }) {
    const file = path.join(folder, 'report.html');
    await writeFile(file, markup);
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const trouble: string[] = [];
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href && !request.url().startsWith('data:')) trouble.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, trouble };
  }

  test.each([
    { width: 1280, colorScheme: 'light' as const, drawing: 'wide' },
    { width: 390, colorScheme: 'dark' as const, drawing: 'narrow' },
  ])('at $width pixels nothing overflows, nothing is requested, and one plot per task is shown', async (look) => {
    for (const markup of Object.values(pages)) {
      const { page, trouble } = await open(markup, look);
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect({ overflow, trouble }).toEqual({ overflow: 0, trouble: [] });
      await page.close();
    }
    const { page } = await open(pages.several, look);
    expect(await page.locator(`#differences .drawing.${look.drawing}:visible`).count()).toBe(3);
    await page.close();
  });

  test('hostile text stays text', async () => {
    const { page } = await open(pages.hostile, { width: 1280, colorScheme: 'light' });
    expect(await page.locator('script, img').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
    await page.close();
  });
});
