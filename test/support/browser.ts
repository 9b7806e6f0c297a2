/** Pages in a real browser: what every page has to bear, at any width, in both colour schemes and on paper. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

const candidates = [
  process.env['MAFT_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const executablePath = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));

export interface Look {
  width: number;
  colorScheme: 'light' | 'dark';
  media: 'screen' | 'print';
}

/** On the screen where nothing else is said. */
type OpenedLook = Omit<Look, 'media'> & Partial<Look>;

export const onScreens: Look[] = [
  { width: 1280, colorScheme: 'light', media: 'screen' },
  { width: 1280, colorScheme: 'dark', media: 'screen' },
  { width: 390, colorScheme: 'light', media: 'screen' },
  { width: 390, colorScheme: 'dark', media: 'screen' },
];

/** A4 between margins is 700 pixels wide; a reader who likes it dark prints, too. */
export const everyLook: Look[] = [...onScreens, { width: 700, colorScheme: 'dark', media: 'print' }];

/** `describe`, or a skipped one and a line that says so: Debian's chromium, or whatever MAFT_CHROMIUM points to. */
export function describeInBrowser(file: string): typeof describe {
  if (executablePath !== undefined) return describe;
  process.stderr.write(`SKIPPED ${file}: no Chromium found; install it or set MAFT_CHROMIUM.\n`);
  return describe.skip;
}

/** One browser with a folder of its own for pages; to be closed. */
export class PageViewer {
  private constructor(
    private readonly browser: Browser,
    private readonly folder: string,
  ) {}

  static async start(): Promise<PageViewer> {
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    return new PageViewer(browser, await mkdtemp(join(tmpdir(), 'maft-page-')));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await rm(this.folder, { recursive: true });
  }

  /** The page with everything opened that can be, and all complaints and requests while it was. */
  async open(
    markup: string,
    { width, colorScheme, media = 'screen' }: OpenedLook,
  ): Promise<{ page: Page; trouble: string[] }> {
    const path = join(this.folder, 'report.html');
    const file = pathToFileURL(path).href;
    await writeFile(path, markup);
    const page = await this.browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.emulateMedia({ media });
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

  /**
   * Everything that is wrong with a page, one sentence each; empty if it bears every look. It is opened once and looked at in
   * turn: its styles alone decide how it lies, and opening it is what takes long.
   */
  async faults(markup: string, looks: Look[]): Promise<string[]> {
    const { page, trouble } = await this.open(markup, looks[0]!);
    const faults: string[] = [];
    for (const { width, colorScheme, media } of looks) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ media, colorScheme });
      const overflow = await page.evaluate<number>(overflowInPixels);
      const charts = await page.evaluate<string[]>(textsOfChartsInTheWay);
      const found = overflow === 0 ? charts : [`${overflow} pixels overflow`, ...charts];
      faults.push(...found.map((fault) => `${width} ${colorScheme} ${media}: ${fault}`));
    }
    await page.close();
    return [...faults, ...trouble];
  }
}

/** Scripts for the browser are strings: the project is compiled without the DOM's types. */
const openAllDetails = `document.querySelectorAll('details').forEach((element) => element.setAttribute('open', ''))`;
const overflowInPixels = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** Texts of the drawings that are shown which leave their drawing or cover another text; a pixel or two is the font's. */
const textsOfChartsInTheWay = `[...document.querySelectorAll('.drawing svg')].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  if (frame.width === 0) return [];
  const name = svg.closest('.drawing').getAttribute('aria-label').slice(0, 50);
  const texts = [...svg.querySelectorAll('text')]
    .filter((element) => element.textContent.trim() !== '')
    .map((element) => ({ text: element.textContent, box: element.getBoundingClientRect() }));
  const outside = texts.filter(({ box }) => box.left < frame.left - 2 || box.right > frame.right + 2 ||
    box.top < frame.top - 2 || box.bottom > frame.bottom + 2);
  const covered = texts.flatMap((first, index) => texts.slice(index + 1).flatMap((second) => {
    const width = Math.min(first.box.right, second.box.right) - Math.max(first.box.left, second.box.left);
    const height = Math.min(first.box.bottom, second.box.bottom) - Math.max(first.box.top, second.box.top);
    return width > 2 && height > 4 ? [name + ': "' + first.text + '" covers "' + second.text + '"'] : [];
  }));
  return [...outside.map(({ text }) => name + ': "' + text + '" leaves the drawing'), ...covered];
})`;
