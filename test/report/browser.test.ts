/** The page in a real browser. Needs Chromium: Debian's package, or whatever MAFT_CHROMIUM points to. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { buildReport, renderHtml } from '../../src/report';
import { hostileFixture } from '../support/hostile-report';
import { reportFixture } from '../support/report-fixture';

const candidates = [
  process.env['MAFT_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const executablePath = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
if (executablePath === undefined) {
  process.stderr.write('SKIPPED test/report/browser.test.ts: no Chromium found; install it or set MAFT_CHROMIUM.\n');
}
const inBrowser = executablePath === undefined ? describe.skip : describe;

inBrowser('the page in a browser', () => {
  let browser: Browser;
  let folder: string;
  const pages = {
    ordinary: renderHtml(buildReport(reportFixture())),
    hostile: renderHtml(buildReport(hostileFixture())),
    empty: renderHtml(buildReport(reportFixture({ evaluatedUpTo: -1 }))),
  };

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    folder = await mkdtemp(join(tmpdir(), 'maft-report-'));
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  async function open(markup: string, look: { width: number; colorScheme: 'light' | 'dark' }) {
    const file = pathToFileURL(join(folder, 'report.html')).href;
    await writeFile(join(folder, 'report.html'), markup);
    const page = await browser.newPage({ viewport: { width: look.width, height: 900 }, colorScheme: look.colorScheme });
    const trouble: string[] = [];
    page.on('console', (message) => trouble.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== file && !request.url().startsWith('data:')) trouble.push(`request: ${request.url()}`);
    });
    await page.goto(file);
    await page.evaluate(openAllDetails);
    return { page, trouble };
  }

  test.each([
    { width: 1280, colorScheme: 'light' as const },
    { width: 390, colorScheme: 'dark' as const },
  ])(
    'at $width pixels nothing overflows the page, nothing is requested and nothing is complained about',
    async (look) => {
      for (const markup of Object.values(pages)) {
        const { page, trouble } = await open(markup, look);
        const overflow = await page.evaluate<number>(overflowInPixels);
        expect({ overflow, trouble }).toEqual({ overflow: 0, trouble: [] });
        await page.close();
      }
    },
  );

  test('hostile text is visible as text and became no element', async () => {
    const { page } = await open(pages.hostile, { width: 1280, colorScheme: 'light' });
    const text = await page.locator('body').innerText();
    expect(text).toContain('<script>document.title = "owned"</script>');
    expect(text).toContain('</pre></details></style></title><h1>broken out</h1>');
    expect(text).toContain('\\u{1b}[2J\\u{1b}[31mred');
    expect(await page.locator('script, img').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
    await page.close();
  });

  test('the colours follow the reader, and text stands out from its background in both', async () => {
    const backgrounds = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(pages.ordinary, { width: 1280, colorScheme });
      const colors = await page.evaluate<{ background: string; texts: [string, string][] }>(textColors);
      backgrounds.push(colors.background);
      const faint = colors.texts.filter(([, color]) => contrast(color, colors.background) < 4.5);
      expect({ colorScheme, faint }).toEqual({ colorScheme, faint: [] });
      await page.close();
    }
    expect(backgrounds[0]).not.toBe(backgrounds[1]);
  });

  test('one drawing of each chart is shown, the one that fits the screen', async () => {
    for (const [width, shown, hidden] of [
      [1280, 'wide', 'narrow'],
      [390, 'narrow', 'wide'],
    ] as const) {
      const { page } = await open(pages.ordinary, { width, colorScheme: 'light' });
      expect(await page.locator(`#accuracy .drawing.${shown}`).first().isVisible()).toBe(true);
      expect(await page.locator(`#accuracy .drawing.${hidden}`).first().isVisible()).toBe(false);
      await page.close();
    }
  });
});

/** Scripts for the browser are strings: the project is compiled without the DOM's types. */
const openAllDetails = `document.querySelectorAll('details').forEach((element) => element.setAttribute('open', ''))`;
const overflowInPixels = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const textColors = `({
  background: getComputedStyle(document.body).backgroundColor,
  texts: ['.headline', '.note', 'figcaption', 'thead th', 'nav a', '.agrees', '.disagrees', '.badge.right', '.badge.wrong']
    .map((selector) => [selector, getComputedStyle(document.querySelector(selector)).color]),
})`;

/** Contrast ratio of two CSS colours, 1..21 (WCAG 2). */
function contrast(first: string, second: string): number {
  const [lighter = 0, darker = 0] = [luminance(first), luminance(second)].sort((left, right) => right - left);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(cssColor: string): number {
  const channels = (cssColor.match(/[\d.]+/g) ?? []).slice(0, 3).map((channel) => Number(channel) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((share) =>
    share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
