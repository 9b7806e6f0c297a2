/** What made-up runs show of claims like those of examples/tiny-proof.yaml. */
import { buildComparison, renderComparisonPage, renderComparisonTable } from '../../src/comparison';
import { claimsOf, type StatedClaim } from '../../src/comparison/claims';
import { curvesOf } from '../../src/comparison/curves';
import type { ComparisonInput } from '../../src/comparison/gather';
import { comparisonFixture, type ComparisonFixture, type ToldMode } from '../support/comparison-fixture';

const society = { method: 'multiagent-finetuning' };
const voting = { ...society, answering: 'vote-9' };
const written = {
  'debate beats one sample': { method: 'debate', beats: 'base' },
  'ten points': { ...society, beats: 'debate', by: 10 },
  'beats majority finetuning': { ...society, beats: 'majority-finetuning' },
  'beats single agent': { ...society, beats: 'single-agent' },
  'beats control': { ...society, beats: 'control' },
  'beats control at equal steps': { ...society, beats: { method: 'control', iteration: 'equal-steps' } },
  rises: { ...society, curve: 'rises' },
  'peaks and falls': { method: 'single-agent', curve: 'peaks-and-falls' },
  'vote beats untuned vote': { ...voting, beats: { iteration: 0 } },
  'vote beats single agent’s': { ...voting, beats: 'single-agent', note: 'nine calls each' },
};
jest.unmock('../../src/pages/svg');

type Name = keyof typeof written;

/** The accuracies of a plain loop over three seeds, roughly. */
const curves: Record<string, number[]> = {
  'multiagent-finetuning': [0.67, 0.76, 0.79, 0.81, 0.8, 0.82],
  'majority-finetuning': [0.58, 0.786, 0.799, 0.793, 0.787, 0.785],
  'single-agent': [0.67, 0.778, 0.804, 0.768, 0.764, 0.759],
  control: [0.67, 0.654, 0.634, 0.68, 0.67, 0.66],
  untuned: [0.67],
};
const votes: Record<string, number> = { 'multiagent-finetuning': 0.868, 'majority-finetuning': 0.813, control: 0.84 };

const methodOf = (runId: string) => runId.split('.')[1] ?? '';

interface Told extends ToldMode {
  method: string;
}

function toldAccuracy({ method, seed, iteration, mode }: Told): number {
  // What a seed adds or takes is the same for all methods: paired differences do not see it.
  const shift = ((seed % 3) - 1) / 250;
  if (mode === 'sample') return iteration === 0 ? 0.5 : 0.7;
  if (mode === 'vote-9') return (iteration === 0 ? 0.836 : (votes[method] ?? 0.8)) + shift;
  return curves[method]![iteration]! + shift + (seed % 2) * iteration * 0.002;
}

interface Options extends Omit<ComparisonFixture, 'specification' | 'accuracy'> {
  seeds?: number[];
  claimed?: object[];
  accuracy?: (told: Told) => number | undefined;
}

const methods = ['base', 'debate', 'multiagent-finetuning', 'majority-finetuning', 'single-agent', 'control'];

function made({
  seeds = [21, 22, 23],
  claimed = Object.values(written),
  accuracy = () => undefined,
  ...options
}: Options = {}): ComparisonInput {
  const named = methods.filter((name) => JSON.stringify(claimed).includes(`"${name}"`));
  return comparisonFixture({
    specification: {
      methods: named.map((name) => (name === 'control' ? { name, select: 'none' } : name)),
      seeds,
      iterations: 5,
      claims: claimed,
    },
    steps: (runId, agent) =>
      agent === 'shared' ? 140 : runId.includes('control') ? 100 : agent.startsWith('critic') ? 35 : 60,
    ...options,
    accuracy: (told) => {
      const known = { ...told, method: methodOf(told.runId) };
      return accuracy(known) ?? toldAccuracy(known);
    },
  });
}

/** One claim, with the runs of those it names only. */
function claim(name: Name, options: Options = {}): StatedClaim {
  const [found] = claimsOf(made({ ...options, claimed: [written[name]] }), 'arithmetic');
  return found!;
}

/** Says something of the society’s debate only. */
const debating = (method: string, of: (told: Told) => number | undefined) => (told: Told) =>
  told.method === method && told.mode === 'society' ? of(told) : undefined;

describe('claims', () => {
  it('are all shown on accuracies that show them', () => {
    expect(claimsOf(made(), 'arithmetic').map(({ sentence, standing }) => [sentence, standing])).toEqual(
      [
        '“debate” beats “base”',
        '“multiagent-finetuning” beats “debate” by at least 10 points',
        '“multiagent-finetuning” beats “majority-finetuning”',
        '“multiagent-finetuning” beats “single-agent”',
        '“multiagent-finetuning” beats “control (select: none)”',
        '“multiagent-finetuning” beats “control (select: none)” (after as many optimizer steps)',
        '“multiagent-finetuning” rises over the iterations',
        '“single-agent” peaks and falls over the iterations',
        '“multiagent-finetuning” (vote over 9) beats “multiagent-finetuning” (vote over 9, before finetuning)',
        '“multiagent-finetuning” (vote over 9) beats “single-agent” (vote over 9)',
      ].map((sentence) => [sentence, 'shown']),
    );
  });

  it('carry both accuracies, the difference, both intervals, n and each seed', () => {
    const { numbers, comparison } = claim('ten points', {
      accuracy: ({ method, mode, seed, iteration }) => {
        if (mode !== 'society') return undefined;
        return method === 'multiagent-finetuning' && iteration === 5 ? 0.8 + (seed - 22) / 100 : 0.6;
      },
    });
    expect(comparison!.withinSeeds).toMatchObject({ n: 1500, onlyFirst: 300, onlySecond: 0 });
    // 0.2 ± t(2) · 0.01 / √3
    expect(comparison!.overSeeds.interval!.lower).toBeCloseTo(0.2 - (4.3027 * 0.01) / Math.sqrt(3), 4);
    expect(numbers!.replaceAll('\u00a0', ' ')).toMatch(
      /^80\.0 % against 60\.0 %: \+20\.0 points, 95 % interval \+18\.\d to \+22\.\d over 1,500 problems, \+17\.5 to \+22\.5 over 3 seeds; by seed \+19\.0, \+20\.0, \+21\.0$/,
    );
  });

  it('of ten points are not shown at nine, however sure the nine are', () => {
    const nine = debating('multiagent-finetuning', ({ iteration }) => (iteration === 0 ? 0.67 : 0.76));
    expect(claim('ten points', { accuracy: nine })).toMatchObject({
      standing: 'not shown',
      remarks: ['the difference is smaller than 10 points'],
    });
  });

  it('are not shown where the seeds disagree, although their mean is above 0', () => {
    const spread = debating('multiagent-finetuning', ({ iteration, seed }) =>
      iteration === 5 ? (seed === 21 ? 0.99 : 0.76) : undefined,
    );
    const found = claim('beats single agent', { accuracy: spread });
    expect(found.comparison!.difference).toBeGreaterThan(0.05);
    expect(found).toMatchObject({ standing: 'not shown', remarks: ['the interval over seeds holds 0'] });
  });

  it('say that the opposite is shown where the rival is clearly ahead', () => {
    const lost = ({ method, mode, iteration }: Told) =>
      method === 'single-agent' && mode === 'vote-9' && iteration === 5 ? 0.95 : undefined;
    expect(claim('vote beats single agent’s', { accuracy: lost })).toMatchObject({
      standing: 'the opposite is shown',
      remarks: ['nine calls each'],
    });
  });

  it.each([
    [[21], 'shown for this seed', /over the 500.problems of 1.seed, McNemar p/],
    [[21, 22], 'shown for these seeds', /over the 1,000.problems of 2.seeds, McNemar p/],
  ])('of seeds %j are judged by their problems, pooled, and say so', (seeds, standing, numbers) => {
    const found = claim('ten points', { seeds });
    expect(found.comparison!.overSeeds.interval).toBeNull();
    expect(found.standing).toBe(standing);
    expect(found.numbers).toMatch(numbers);
  });

  it('are not shown where both intervals lie above 0 and the exact test over the problems does not agree', () => {
    // Two problems of each seed: the bootstrap of six discordant problems excludes 0, and so do the seeds; p = 0.031. Five: 0.063.
    const claimWith = (perSeed: number[]) =>
      claim('beats single agent', {
        accuracy: ({ method, mode, iteration, seed }) => {
          if (mode !== 'society') return undefined;
          return method === 'multiagent-finetuning' && iteration === 5 ? 0.7 + perSeed[seed - 21]! / 500 : 0.7;
        },
      });
    expect(claimWith([2, 2, 2]).standing).toBe('shown');
    const five = claimWith([2, 2, 1]);
    expect(five.comparison!.withinSeeds.interval.lower).toBeGreaterThan(0);
    expect(five.comparison!.overSeeds.interval!.lower).toBeGreaterThan(0);
    expect(five).toMatchObject({
      standing: 'not shown',
      remarks: ['the exact test over the problems does not agree (p\u00a0=\u00a00.063)'],
    });
  });

  it('cannot be judged without the runs they need, and rest on the seeds that have both', () => {
    const options: Options = {
      endedAt: (runId) => (runId.includes('control') ? 3 : runId.includes('single-agent.s23') ? 1 : 5),
      standing: (runId) =>
        runId.includes('control') || runId.includes('single-agent.s23') ? 'unfinished' : 'finished',
    };
    expect(claim('beats control', options)).toMatchObject({
      standing: 'cannot be judged',
      numbers: null,
      remarks: ['no seed has all the results it needs'],
    });
    expect(claim('beats control at equal steps', options).standing).toBe('cannot be judged');
    const found = claim('beats single agent', options);
    expect(found.comparison!.seeds.map(({ seed }) => seed)).toEqual([21, 22]);
    expect(found.remarks).toContain('with seeds 21, 22 only');
  });

  it('take the last society of a run that ended early for those that it did not go on to', () => {
    const found = claim('beats single agent', { endedAt: (runId) => (runId.includes('single-agent') ? 2 : 5) });
    expect(found.comparison!.seeds.map(({ secondIteration }) => secondIteration)).toEqual([2, 2, 2]);
    expect(found.remarks).toContain(
      '“single-agent” ended early, after iteration 2 with seed 21, after iteration 2 with seed 22, after iteration 2 with seed 23',
    );
  });

  it('that are not those the comparison was started with are said to be others, or left out', () => {
    const plain = comparisonFixture();
    const claimed = made({ seeds: [21], claimed: [written['debate beats one sample']] });
    const noticesOf = (input: ComparisonInput) => buildComparison(input).notices.join();
    expect(noticesOf({ ...claimed, areClaimsChanged: true })).toContain(
      'The claims are not those that the comparison was started with',
    );
    expect(noticesOf({ ...plain, areClaimsChanged: true })).toContain(
      'was started with claims that are not judged here',
    );
    expect(noticesOf(claimed) + noticesOf(plain)).not.toContain('claims');
  });
});

describe('a rival with as many steps', () => {
  it('is its first iteration through which every agent has taken as many steps as the society’s in all', () => {
    // Generation agents take 5 · 60 steps in the society, and 100 per iteration in the control.
    const { comparison } = claim('beats control at equal steps');
    expect(comparison!.seeds.map(({ secondIteration }) => secondIteration)).toEqual([3, 3, 3]);
  });

  it('does not exist where it never gets there', () => {
    const steps = (runId: string) => (runId.includes('control') ? 20 : 60);
    expect(claim('beats control at equal steps', { steps }).standing).toBe('cannot be judged');
  });
});

describe('a curve', () => {
  it('that peaks and falls falls from the peak of the other seeds', () => {
    const { comparison, remarks } = claim('peaks and falls');
    expect(comparison!.seeds.map(({ firstIteration, secondIteration }) => [firstIteration, secondIteration])).toEqual([
      [2, 5],
      [2, 5],
      [2, 5],
    ]);
    expect(remarks).toEqual([
      'its mean is highest after iteration 2',
      expect.stringMatching(
        /^from the peak of the other seeds, so that no seed chooses its own, to the last iteration it changes by −4\.\d points$/,
      ),
    ]);
  });

  it('of one seed is measured from its own peak, and says that this flatters a fall', () => {
    const { standing, remarks } = claim('peaks and falls', { seeds: [21] });
    expect(standing).toBe('shown for this seed');
    expect(remarks.at(-1)).toContain('from its own peak, which flatters a fall,');
  });

  it('that ends at its best does not fall', () => {
    const rising = debating('single-agent', ({ iteration }) => [0.6, 0.65, 0.7, 0.72, 0.74, 0.76][iteration]);
    expect(claim('peaks and falls', { accuracy: rising })).toMatchObject({
      standing: 'not shown',
      remarks: expect.arrayContaining(['its best iteration is the first or the last']) as string[],
    });
  });

  it('does not fall by noise alone: every seed has one lucky iteration of its own', () => {
    const lucky = debating('single-agent', ({ iteration, seed }) => (iteration === seed - 20 ? 0.8 : 0.7));
    const found = claim('peaks and falls', { accuracy: lucky });
    expect(found.comparison!.seeds.every(({ seed, firstIteration }) => firstIteration !== seed - 20)).toBe(true);
    expect(found.comparison!.difference).toBeCloseTo(0);
    expect(found.standing).toBe('not shown');
  });

  it('that ends above its start but falls from its peak does not rise', () => {
    const values = [0.6, 0.75, 0.85, 0.8, 0.78, 0.75];
    const fallen = debating('multiagent-finetuning', ({ iteration }) => values[iteration]);
    const { standing, remarks } = claim('rises', { accuracy: fallen });
    expect(standing).toBe('not shown');
    expect(remarks[0]).toBe('it rises and then falls');
  });

  it('has a point for every iteration and seed that was measured: votes only at its ends', () => {
    const [own, sample, vote, ...others] = curvesOf(made(), 'arithmetic');
    expect([own!.way, sample!.way, vote!.way, others]).toEqual(['as it answers', 'one sample', 'vote over 9', []]);
    const iterationsOf = (of: typeof own, label: string) =>
      of!.curves.find((curve) => curve.label === label)!.points.map(({ iteration }) => iteration);
    expect(iterationsOf(own, 'single-agent')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(iterationsOf(vote, 'single-agent')).toEqual([0, 5]);
    const [first] = own!.curves[0]!.points;
    expect(first).toMatchObject({ accuracy: expect.closeTo(0.67, 2) as number, n: 1500 });
    expect(first!.seeds.map(({ seed }) => seed)).toEqual([21, 22, 23]);
  });

  it('ends where its run ended', () => {
    const [own] = curvesOf(made({ endedAt: (runId) => (runId.includes('single-agent') ? 2 : 5) }), 'arithmetic');
    const single = own!.curves.find(({ label }) => label === 'single-agent')!;
    expect(single.points.map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
  });
});

describe('what a comparison with claims shows', () => {
  const report = buildComparison(made());
  const page = renderComparisonPage(report);
  const text = renderComparisonTable(report, { ascii: false, width: 120 });

  it('has every verdict before its claim, with its numbers, on the page and in a terminal', () => {
    expect(page).toContain(
      '<span class="verdict">shown:</span> “multiagent-finetuning” beats “debate” by at least 10 points',
    );
    expect(text).toMatch(
      /^SHOWN: “multiagent-finetuning” beats “debate” by at least 10 points\n {4}8\d\.\d % against 6\d\.\d %: \+15\.\d points, 95 % interval /m,
    );
    expect(text).toContain('A claim is shown where');
  });

  it('has a chart and a table for each way of answering over the iterations, and a table in a terminal', () => {
    expect(page.match(/id="curves-1-\d-wide/g)!.length).toBeGreaterThan(0);
    for (const name of ['Each method as it answers', 'One sample', 'Vote over 9']) expect(page).toContain(name);
    expect(text).toMatch(/^after iteration +calls +0 +1 +2 +3 +4 +5$/m);
    expect(text).toMatch(/^Each method as it answers$(.|\n)+?^single-agent +9( +\d\d\.\d %){6}$/m);
    expect(text).toMatch(/^Vote over 9$(.|\n)+?^single-agent +9 +83\.\d % +–.* 80\.\d %$/m);
  });

  it('sets the optimizer steps of one model of each method side by side', () => {
    expect(report.rows.map(({ label, cells }) => [label, cells.arithmetic?.stepsPerModel])).toEqual(
      expect.arrayContaining([
        ['debate', null],
        ['single-agent', 700],
        ['control (select: none)', 5 * 100],
        ['multiagent-finetuning', (5 * (60 + 35)) / 2],
      ]),
    );
    expect(text).toMatch(/^cost +calls +tokens +steps +trained tokens/m);
  });

  it('has neither where nothing is claimed and nobody is trained twice', () => {
    const plain = buildComparison(comparisonFixture());
    expect(renderComparisonPage(plain)).not.toMatch(/id="(claims|curves)"/);
    expect(renderComparisonTable(plain, { ascii: false })).not.toMatch(/claim|after iteration/);
  });
});
