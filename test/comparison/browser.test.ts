/** The page of a comparison in a real browser. */
import { buildComparison, renderComparisonPage } from '../../src/comparison';
import { describeInBrowser, everyLook, PageViewer } from '../support/browser';
import { comparisonFixture } from '../support/comparison-fixture';
import { hostileLine } from '../support/hostile-text';

jest.unmock('../../src/pages/svg');

const inBrowser = describeInBrowser('test/comparison/browser.test.ts');

const tasks = [1, 2, 3].map((number) => ({ name: `task-${number}`, kind: 'arithmetic', max: 10 * number, eval: 200 }));
const several = comparisonFixture({ specification: { task: undefined, tasks, seeds: [1, 2] } });
const hostile = comparisonFixture();
const claimed = comparisonFixture({
  specification: {
    seeds: [1, 2, 3],
    iterations: 3,
    claims: [
      { method: 'multiagent-finetuning', beats: 'debate', by: 10, note: hostileLine },
      { method: 'multiagent-finetuning', curve: 'rises' },
    ],
  },
});
const pages = {
  several: renderComparisonPage(buildComparison(several)),
  hostile: renderComparisonPage({
    ...buildComparison(hostile),
    name: hostileLine,
    headline: hostileLine,
    notices: [hostileLine],
    specification: { name: hostileLine },
  }),
  priced: renderComparisonPage(
    buildComparison(
      comparisonFixture({ prices: { promptPerMillion: 0.5, completionPerMillion: 1.5, currency: 'USD' } }),
    ),
  ),
  claimed: renderComparisonPage(buildComparison(claimed)),
  empty: renderComparisonPage(buildComparison({ ...hostile, runs: [] })),
};

inBrowser('the page of a comparison', () => {
  let viewer: PageViewer;
  beforeAll(async () => {
    viewer = await PageViewer.start();
  });
  afterAll(() => viewer.close());

  test.each(Object.entries(pages))(
    'the %s page at any width, in both colours and on paper: nothing overflows, no text of a plot is in the way, nothing is requested',
    async (_, markup) => {
      expect(await viewer.faults(markup, everyLook)).toEqual([]);
    },
  );

  test.each([
    { width: 1280, colorScheme: 'light' as const, drawing: 'wide' },
    { width: 390, colorScheme: 'dark' as const, drawing: 'narrow' },
  ])('at $width pixels one plot per task is shown, the one that fits', async (look) => {
    const { page } = await viewer.open(pages.several, look);
    expect(await page.locator(`#differences .drawing.${look.drawing}:visible`).count()).toBe(3);
    await page.close();
  });

  test('hostile text stays text', async () => {
    const { page } = await viewer.open(pages.hostile, { width: 1280, colorScheme: 'light' });
    expect(await page.locator('script, img').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
    await page.close();
  });
});
