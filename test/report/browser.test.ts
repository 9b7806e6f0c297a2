/** The page of a run in a real browser. */
import { buildReport, renderHtml } from '../../src/report';
import { hostileFixture } from '../support/hostile-report';
import { describeInBrowser, everyLook, onScreens, PageViewer } from '../support/browser';
import { reportFixture } from '../support/report-fixture';

jest.unmock('../../src/pages/svg');

const prices = { promptPerMillion: 0.5, completionPerMillion: 1.5, currency: 'USD' };
const inBrowser = describeInBrowser('test/report/browser.test.ts');

inBrowser('the page in a browser', () => {
  let viewer: PageViewer;
  const pages = {
    ordinary: renderHtml(buildReport(reportFixture())),
    hostile: renderHtml(buildReport(hostileFixture())),
    many: renderHtml(buildReport(reportFixture({ members: 8, rounds: 3, problems: 60 }))),
    alone: renderHtml(buildReport(reportFixture({ members: 1, rounds: 1, problems: 60 }))),
    priced: renderHtml(buildReport({ ...reportFixture({ problems: 60 }), prices })),
    empty: renderHtml(buildReport(reportFixture({ evaluatedUpTo: -1 }))),
  };

  beforeAll(async () => {
    viewer = await PageViewer.start();
  });

  afterAll(() => viewer.close());

  test.each(Object.entries(pages))(
    'the %s page at any width, in both colours and on paper: nothing overflows, no text of a chart is in the way, nothing is requested',
    async (name, markup) => {
      // On paper nothing scrolls, and agents have no such names as the hostile ones.
      expect(await viewer.faults(markup, name === 'hostile' ? onScreens : everyLook)).toEqual([]);
    },
  );

  test('a page that is too wide for a phone is noticed there, and only there', async () => {
    const found = await viewer.faults('<!doctype html><div style="width: 600px">wide', onScreens);
    expect(found).toEqual(
      ['light', 'dark'].map(
        (scheme) => expect.stringMatching(`^390 ${scheme} screen: \\d+ pixels overflow$`) as string,
      ),
    );
  });

  test('hostile text is visible as text and became no element', async () => {
    const { page } = await viewer.open(pages.hostile, { width: 1280, colorScheme: 'light' });
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
      const { page } = await viewer.open(pages.ordinary, { width: 1280, colorScheme });
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
      const { page } = await viewer.open(pages.ordinary, { width, colorScheme: 'light' });
      expect(await page.locator(`#accuracy .drawing.${shown}`).first().isVisible()).toBe(true);
      expect(await page.locator(`#accuracy .drawing.${hidden}`).first().isVisible()).toBe(false);
      await page.close();
    }
  });
});

/** A script for the browser is a string: the project is compiled without the DOM's types. */
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
