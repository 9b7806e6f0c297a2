import {
  buildComparison,
  renderComparisonPage,
  renderComparisonTable,
  type ComparisonReport,
} from '../../src/comparison';
import { costPerPoint } from '../../src/comparison/costs';
import { comparisonFixture, toldAccuracy, type ComparisonFixture, type ToldMode } from '../support/comparison-fixture';

jest.unmock('../../src/pages/svg');

const build = (options: ComparisonFixture = {}): ComparisonReport => buildComparison(comparisonFixture(options));
const but = (changed: (told: ToldMode) => number | undefined) => (told: ToldMode) =>
  changed(told) ?? toldAccuracy(told);
const threeSeeds = { seeds: [1, 2, 3] };
const cellOf = ({ rows, tasks }: ComparisonReport, label: string, task = tasks[0]!) =>
  rows.find((row) => row.label === label)!.cells[task]!;
const societyWins = but(({ runId, iteration, mode }) =>
  runId.includes('multiagent') && iteration > 0 && mode === 'society' ? 0.99 : undefined,
);

describe('the first line of a comparison', () => {
  it('says that plain majority wins at equal calls where it does', () => {
    const { headline } = build({
      specification: threeSeeds,
      accuracy: but(({ iteration, mode }) => (iteration > 0 && mode === 'vote-9' ? 0.9 : undefined)),
    });
    expect(headline).toContain(
      'At equal calls (9 per answer, training not counted) plain majority voting (“untuned, vote over 9”) wins with 95.0',
    );
    expect(headline).toContain('clearly ahead of “majority-finetuning, vote over 9”');
  });

  it('says that the method wins where it does, and how sure that is', () => {
    const { headline } = build({ specification: threeSeeds, accuracy: societyWins });
    expect(headline).toMatch(
      /“multiagent-finetuning” wins with 99\.0.%, clearly ahead of .*\+3\.\d points, 95.% interval .* over 1,500 problems, \+\d.* over 3 seeds\)/,
    );
  });

  it.each([
    [[4], /is highest .* for this seed ahead of .* over the 500.problems of 1.seed, McNemar p.<.0\.001\)\.$/],
    [[1, 4], /is highest .* for these seeds ahead of .* over the 1,000.problems of 2.seeds, McNemar p.<.0\.001\)\.$/],
  ])('says of seeds %j only what their problems show, and nothing clear, though they agree', (seeds, expected) => {
    const report = build({ specification: { seeds }, accuracy: societyWins });
    expect(report.headline).toMatch(expected);
    expect(report.headline).not.toMatch(/clear|wins/);
    expect(report.statements.join()).not.toMatch(/beats|loses to|over 2 seeds/);
    expect(cellOf(report, 'multiagent-finetuning').comparison!.overSeeds.interval).toBeNull();
    if (seeds.length === 2) expect(report.notices.join()).toContain('Two seeds are too few for an interval over seeds');
  });

  it('calls a small lead not clear', () => {
    const near = but(({ runId, iteration, mode }) => {
      if (mode !== 'vote-9') return undefined;
      return iteration === 0 ? 0.9 : runId.includes('majority') ? 0.902 : 0.904;
    });
    const { headline } = build({ accuracy: near });
    expect(headline).toContain('not clearly ahead of');
    expect(headline).not.toContain('wins');
  });

  it('says of a draw that it is one', () => {
    const level = but(({ mode }) => (mode === 'vote-9' ? 0.95 : undefined));
    expect(build({ accuracy: level }).headline).toMatch(/ and “.*” are level with 95\.0.% \(0\.0 points/);
  });

  it('gives one verdict per task', () => {
    const tasks = [1, 2].map((number) => ({ name: `task-${number}`, kind: 'arithmetic', max: 10 * number, eval: 500 }));
    const accuracy = (told: ToldMode) => (told.task === 'task-1' ? societyWins(told) : toldAccuracy(told));
    const report = build({ specification: { ...threeSeeds, task: undefined, tasks }, accuracy });
    expect(report.headline).toMatch(
      /^At equal calls .* on task-1 “multiagent-finetuning” wins [^(]*; on task-2 “multiagent-finetuning, vote over 9” wins [^(]*$/,
    );
    expect(report.statements[0]).toMatch(/^task-1: “multiagent-finetuning” wins with .* interval .*\)\.$/);
    expect(renderComparisonPage(report)).toContain('” on task-2 in percentage points');
    expect(renderComparisonTable(report, { ascii: false })).toMatch(/^accuracy +task-1 +task-2$/m);
  });

  it('is said of the vote that was asked for by name, where one was', () => {
    const methods = ['debate', { name: 'majority-of-9', preset: 'majority', members: 9 }, 'multiagent-finetuning'];
    const accuracy = but(({ iteration, mode }) => (mode === 'vote-9' && iteration > 0 ? 0.8 : undefined));
    const report = build({ specification: { ...threeSeeds, methods }, accuracy });
    expect(report.headline).toContain('plain majority voting (“majority-of-9”) wins');
    expect(report.rows.map(({ label }) => label)).not.toContain('untuned, vote over 9');
  });

  it('of nothing says so', () => {
    const report = build({ standing: () => 'not started' });
    expect(report.headline).not.toContain('NaN');
    const empty = { ...comparisonFixture(), runs: [] };
    expect(buildComparison(empty).headline).toBe('Nothing has been measured yet.');
    expect(renderComparisonPage(buildComparison(empty))).toContain('Nothing has been measured yet.');
    expect(renderComparisonTable(buildComparison(empty), { ascii: true })).toContain('Nothing has been measured yet.');
  });
});

describe('the untuned vote', () => {
  const tuned = ['single-agent-temperature', 'multiagent-finetuning'];
  const votesIn = ({ rows }: ComparisonReport) =>
    rows.filter(({ kind, tuned }) => kind === 'vote' && !tuned).map(({ label }) => label);

  it('is one for each way of asking, and each method is held against its own', () => {
    const report = build({ specification: { methods: tuned } });
    expect(votesIn(report)).toEqual([
      'untuned as “single-agent-temperature”, vote over 9',
      'untuned as “multiagent-finetuning”, vote over 9',
    ]);
    const against = report.statements.filter((sentence) => sentence.startsWith('“multiagent-finetuning”'));
    expect(against).toHaveLength(1);
    expect(against[0]).toContain('untuned as “multiagent-finetuning”, vote over 9');
  });

  it('is never read from a society that was trained on another task', () => {
    const tasks = [1, 2].map((number) => ({ name: `task-${number}`, kind: 'arithmetic', max: 10 * number, eval: 500 }));
    const methods = ['multiagent-finetuning', 'single-agent'].map((preset) => ({ preset, trainOn: 'task-1' }));
    const report = build({ specification: { task: undefined, tasks, methods } });
    expect(votesIn(report)).toEqual(['untuned, vote over 9']);
    const [untuned] = report.rows.filter(({ label }) => label === 'untuned, vote over 9');
    expect(untuned!.cells['task-1']).not.toBeNull();
    expect(untuned!.cells['task-2']).toBeNull();
    expect(report.headline).toContain('on task-2 “');
  });

  it('says of a distilled model by which society it is taught', () => {
    const taught = { name: 'distilled', preset: 'distilled', teacher: 'multiagent-finetuning' };
    const { notices } = build({ specification: { methods: ['multiagent-finetuning', taught] } });
    expect(notices.join('\n')).toContain('does not count: “distilled” by “multiagent-finetuning”.');
  });

  it('is there for every size of debate, each of which is held against its own', () => {
    const report = build({ specification: { methods: ['multiagent-finetuning', 'five-agents'] } });
    expect(report.rows.filter(({ kind }) => kind === 'vote').map(({ label }) => label)).toEqual([
      'untuned, vote over 9',
      'untuned, vote over 15',
      'multiagent-finetuning, vote over 9',
      'multiagent-finetuning, vote over 15',
      'five-agents, vote over 15',
    ]);
    expect(report.equalCalls).toBe(15);
    expect(report.statements.join('\n')).toMatch(/“multiagent-finetuning” .*“untuned, vote over 9”/);
  });
});

describe('seeds that a method lacks', () => {
  const lacking = (runId: string) => runId.includes('multiagent') && runId.endsWith('s2');
  const report = build({
    specification: { methods: ['single-agent', 'multiagent-finetuning'], seeds: [0, 1, 2] },
    standing: (runId) => (lacking(runId) ? 'failed' : 'finished'),
    // By the mean over its own two seeds the society is ahead; on these two it is behind.
    accuracy: ({ runId, seed, mode }) => {
      if (mode !== 'society') return 0.3;
      return runId.includes('multiagent') ? 0.8 : seed === 2 ? 0.5 : 0.88;
    },
  });

  it('do not make a winner of it', () => {
    expect(report.headline).toContain('“single-agent” is highest with 88.0');
    expect(report.headline).toContain('“multiagent-finetuning” with 80.0');
    expect(report.headline).toContain('(+8.0 points');
  });

  it('are named', () => {
    expect(report.notices).toContain(
      'No result with seed 2, so that the mean is over fewer seeds than those of other rows: “multiagent-finetuning”, ' +
        '“multiagent-finetuning, vote over 9”.',
    );
  });
});

describe('the table', () => {
  it('has the methods that were asked for, then the votes at equal calls', () => {
    expect(build().rows.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'method base',
      'method majority',
      'method debate',
      'method majority-finetuning',
      'method multiagent-finetuning',
      'vote untuned, vote over 9',
      'vote majority-finetuning, vote over 9',
      'vote multiagent-finetuning, vote over 9',
    ]);
  });

  it('reads base and majority off the debate of the untuned society', () => {
    const report = build();
    expect(cellOf(report, 'base')).toMatchObject({ accuracy: 0.49, callsPerAnswer: 1, training: null });
    expect(cellOf(report, 'majority')).toMatchObject({ accuracy: 0.68, callsPerAnswer: 3 });
    expect(new Set(['base', 'majority', 'debate'].map((label) => cellOf(report, label).seeds[0]!.runId))).toEqual(
      new Set(['table.untuned.s0']),
    );
  });

  it('has the notices of its runs, each once', () => {
    const input = comparisonFixture();
    input.runs.forEach(({ record }) => record!.plan.notices.push('MATH: 3 problems left out: no level'));
    input.runs[1]!.record!.plan.notices.push('2 evaluation problems are among those trained on');
    const { notices } = buildComparison(input);
    expect(notices.filter((notice) => notice.includes('left out'))).toEqual(['MATH: 3 problems left out: no level']);
    expect(notices).toContain(`${input.runs[1]!.runId}: 2 evaluation problems are among those trained on`);
  });

  it('says where seeds share evaluation problems, as those of a data file do', () => {
    const task = { kind: 'gsm8k', train: 20, eval: 500 };
    const shared = /The seeds share evaluation problems \(500 different ones among 1500\).* too narrow/;
    expect(build({ specification: { task, seeds: [1, 2, 3] } }).notices.join()).toMatch(shared);
    expect(build({ specification: { task, seeds: [1] } }).notices.join()).not.toContain('share');
    expect(build({ specification: { seeds: [1, 2, 3] } }).notices.join()).not.toContain('share');
  });

  it('pairs every difference with the baseline, within each seed and over the seeds', () => {
    const { comparison, seeds, overSeeds } = cellOf(
      build({ specification: { seeds: [1, 2, 3] } }),
      'multiagent-finetuning',
    );
    expect(seeds.map(({ seed, accuracy }) => [seed, accuracy])).toEqual([
      [1, 0.74],
      [2, 0.75],
      [3, 0.73],
    ]);
    expect(overSeeds.mean).toBeCloseTo(0.74);
    expect(comparison!.seeds.map(({ difference }) => Number(difference.toFixed(3)))).toEqual([0.1, 0.1, 0.1]);
    expect(comparison!.withinSeeds).toMatchObject({ n: 1500, onlyFirst: 150, onlySecond: 0 });
    // The seeds agree to the last problem; one problem of 500 is worth 0.2 points.
    expect(comparison!.overSeeds.interval!.lower).toBeCloseTo(0.1);
    expect(comparison!.overSeeds.interval!.lower).toBeLessThan(0.0995);
    expect(cellOf(build(), 'debate').comparison).toBeNull();
  });

  it('counts what a point gained costs: per answer, and once in training', () => {
    const { perPoint, training } = cellOf(build({ specification: { baseline: 'base' } }), 'multiagent-finetuning');
    // From one call of 30 tokens to nine: 8 calls and 240 tokens more, for 24 points.
    expect(perPoint).toMatchObject({
      points: 24,
      calls: expect.closeTo(8 / 24),
      tokens: 10,
      trainingCalls: 7.5,
      trainingCallTokens: 500,
    });
    expect(training).toMatchObject({ tokens: 5000, counts: { calls: 180 } });
    expect(cellOf(build(), 'base').perPoint).toBeNull();
    expect(renderComparisonTable(build(), { ascii: false })).toContain('no gain');
  });

  it('takes from the training of a method what its tuned baseline was trained on as well', () => {
    const report = build({ specification: { baseline: 'majority-finetuning' } });
    expect(cellOf(report, 'multiagent-finetuning').perPoint).toBeNull();
    const ahead = build({ specification: { baseline: 'majority-finetuning' }, accuracy: societyWins });
    expect(cellOf(ahead, 'multiagent-finetuning').perPoint).toMatchObject({ trainingCalls: 0, trainedTokens: 0 });
  });

  it('shows money where an endpoint has prices, and leaves it out elsewhere', () => {
    const prices = { promptPerMillion: 1, completionPerMillion: 2, currency: 'USD' };
    const priced = build({ prices });
    // 9 calls of 20 prompt and 10 completion tokens, a thousand times.
    expect(cellOf(priced, 'debate').money).toEqual({
      currency: 'USD',
      perThousandAnswers: expect.closeTo(0.36),
      once: 0,
    });
    expect(renderComparisonTable(priced, { ascii: false })).toContain('0.36 USD');
    expect(renderComparisonTable(build(), { ascii: false })).not.toContain('money');
  });

  it('prices each side of a gain by its own endpoint, and mixes no currencies', () => {
    const cheap = { promptPerMillion: 0.1, completionPerMillion: 0.2, currency: 'USD' };
    const dear = { promptPerMillion: 1, completionPerMillion: 2, currency: 'USD' };
    const of = (callsPerAnswer: number) => ({
      callsPerAnswer,
      promptTokensPerAnswer: 20 * callsPerAnswer,
      completionTokensPerAnswer: 10 * callsPerAnswer,
    });
    const comparison = cellOf(build({ specification: { baseline: 'base' } }), 'debate').comparison;
    const moneyWith = (rivalPrices: typeof cheap) =>
      costPerPoint({
        size: of(9),
        rival: of(1),
        training: null,
        rivalTraining: null,
        comparison,
        prices: dear,
        rivalPrices,
      })!.money;
    // 0.36 for a thousand debates, 0.004 for as many samples; 14 points.
    expect(moneyWith(cheap)!.perThousandAnswers).toBeCloseTo((0.36 - 0.004) / 14, 8);
    expect(moneyWith({ ...cheap, currency: 'EUR' })).toBeNull();
  });

  it('says where an endpoint counted no tokens', () => {
    const input = comparisonFixture();
    input.runs[0]!.counts = { calls: 5000, promptTokens: 0, completionTokens: 0 };
    const { notices } = buildComparison(input);
    expect(notices).toContain(
      `The endpoint did not say how many tokens it read and wrote, so that their 0 means not known: ${input.runs[0]!.runId}.`,
    );
  });

  it('leaves out what is not finished, and says so', () => {
    const report = build({ standing: (runId) => (runId.includes('multiagent') ? 'unfinished' : 'finished') });
    expect(report.rows.find(({ label }) => label === 'multiagent-finetuning')!.cells.arithmetic).toBeNull();
    expect(report.notices[0]).toMatch(/^2 of 3.runs finished/);
    expect(renderComparisonTable(report, { ascii: false })).toMatch(/^multiagent-finetuning +–$/m);
  });

  it('says how much was asked and how much adopted', () => {
    const table = renderComparisonTable(build(), { ascii: false });
    expect(table).toContain('15,000 model calls in all, 6,000 of them asked');
  });

  it('has a row for what is trained on one task: its own run there, zero-shot transfer elsewhere, and says which', () => {
    const tasks = ['small', 'large'].map((name, index) => ({ name, kind: 'arithmetic', max: 10 + index, eval: 500 }));
    const methods = ['debate', 'multiagent-finetuning', { name: 'on-small', trainOn: 'small' }];
    const accuracy = but(({ runId, mode }) => (runId.includes('on-small') && mode === 'society' ? 0.7 : undefined));
    const report = build({ specification: { task: undefined, tasks, methods }, accuracy });
    expect(cellOf(report, 'on-small', 'small')).toEqual(cellOf(report, 'multiagent-finetuning', 'small'));
    expect(cellOf(report, 'on-small', 'large')).toMatchObject({ accuracy: 0.7, training: { tokens: 5000 } });
    expect(cellOf(report, 'on-small', 'large').seeds[0]!.runId).toBe('table.on-small.large.s0');
    expect(report.notices.join(' ')).toContain('zero-shot transfer: “on-small” on small.');
    const page = renderComparisonPage(report);
    expect(page).toContain('zero-shot transfer');
    expect(page).toMatch(/Difference to debate on large in percentage points: .*on-small \+7\.0/);
  });
});

describe('why', () => {
  it('holds members, debate and diversity of every society before and after finetuning, as means over the seeds', () => {
    const report = build({ specification: { seeds: [1, 2] } });
    const [debate, majority, society] = report.explanations.arithmetic!;
    expect([debate, majority, society].map((each) => each?.label)).toEqual([
      'debate',
      'majority-finetuning',
      'multiagent-finetuning',
    ]);
    expect(debate!.after).toBeNull();
    expect(society!.before!.accuracy).toBeCloseTo(0.645);
    expect(society!.after!.accuracy).toBeCloseTo(0.745);
    expect(society!.after!.agreement).toBe(0.8);
    expect(society!.after!.mended).toBeCloseTo(0.15);
    expect(majority!.after!.mended).toBeNull();
    expect(society!.iterations.map(({ iteration, seeds }) => [iteration, seeds])).toEqual([
      [0, [1, 2]],
      [1, [1, 2]],
    ]);
    expect(renderComparisonTable(report, { ascii: true })).toMatch(
      /^multiagent-finetuning +50\.0 -> 50\.0 .* 15\.0 -> 15\.0 /m,
    );
  });

  it('is empty where no run was measured, and says nothing of the agreement of one member', () => {
    const input = comparisonFixture({ specification: { methods: ['debate', 'star'] } });
    input.runs.forEach((run) => (run.measures = []));
    const [debate, alone] = buildComparison(input).explanations.arithmetic!;
    expect(debate!.before).toMatchObject({ agreement: 0.8, dissimilarity: null, anyRight: null });
    expect(alone!.after!.agreement).toBeNull();
    expect(renderComparisonPage(buildComparison(input))).toContain('Why: members, debate and diversity');
    expect(renderComparisonPage(buildComparison({ ...input, runs: [] }))).not.toContain('Why:');
  });

  it('is drawn over the iterations where there are several', () => {
    const page = renderComparisonPage(build({ specification: { iterations: 3 } }));
    expect(page).toContain('Embedding dissimilarity per iteration');
    expect(renderComparisonPage(build())).not.toContain('Embedding dissimilarity per iteration');
  });
});

it('a method that saw reference answers says so wherever it stands', () => {
  const methods = ['debate', 'star', { name: 'random', preset: 'single-agent', select: 'none' }];
  const report = build({ specification: { methods } });
  expect(report.rows.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['star (select: reference)', 'random (select: none)', 'random (select: none), vote over 9']),
  );
  expect(report.rows.map(({ label }) => label)).toContain('debate');
});

it('a saving per point gained is no number', () => {
  const report = build({ specification: { baseline: 'debate' } });
  const { perPoint } = cellOf(report, 'majority-finetuning');
  expect(perPoint).toMatchObject({ calls: 0, tokens: 0 });
  expect(perPoint!.trainingCalls).toBeGreaterThan(0);
});

it('the page has the headline, two plots for every task, and nothing to load or run', () => {
  const page = renderComparisonPage(build({ specification: { seeds: [1, 2] } }));
  expect(page).toContain('At equal calls');
  // Each at two widths.
  expect(page.match(/<svg/g)).toHaveLength(4);
  expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
});

it('the page shows every method’s accuracy on every task with its interval, that of all or no problems right included', () => {
  const tasks = [1, 2].map((number) => ({ name: `task-${number}`, kind: 'arithmetic', max: 10 * number, eval: 500 }));
  const accuracy = but(({ runId, mode }) => (runId.includes('untuned') && mode === 'society' ? 1 : undefined));
  const page = renderComparisonPage(build({ specification: { task: undefined, tasks, seeds: [3, 6, 9] }, accuracy }));
  expect(page).toMatch(/aria-label="Accuracy on task-1: .*multiagent-finetuning 73\.0.% \(70\.7.% to 75\.2.%\)/);
  expect(page).toMatch(/aria-label="Accuracy on task-2: .*debate 100\.0.% \(99\.7.% to 100\.0.%\)/);
  expect(
    page.match(/Accuracy on task-\d, mean over the seeds, with 95 % intervals over the problems \(thick\)/g),
  ).toHaveLength(2);
});

describe('of runs in which nothing is as it should be', () => {
  const everything = (report: ComparisonReport) =>
    renderComparisonPage(report) + renderComparisonTable(report, { ascii: false, width: 10_000 });
  const strange = /± 0\.0|NaN|Infinity|undefined|interval ([−+]?\d+\.\d) to \1\b/;

  it('nothing trained is said, and which runs', () => {
    const input = comparisonFixture();
    const tuned = input.runs.find(({ runId }) => runId.includes('multiagent'))!;
    tuned.training = { ...tuned.training, examples: 0, tokens: 0 };
    expect(buildComparison(input).notices).toContain(
      `Nothing was trained, because every training set was empty: ${tuned.runId}.`,
    );
  });

  it('no problem right by anybody has no winner', () => {
    const report = build({ accuracy: () => 0 });
    expect(report.headline).toBe(
      'At equal calls (9 per answer, training not counted) no method answers any problem correctly.',
    );
    expect(everything(report)).toContain('0.0\u00a0% of 500');
    expect(everything(report)).not.toMatch(strange);
  });

  it('all problems right by everybody is a draw with a width', () => {
    const report = build({ accuracy: () => 1, specification: threeSeeds });
    expect(report.headline).toContain('are level with 100.0\u00a0% (0.0 points, 95\u00a0% interval −0.3 to +0.3 over');
    expect(everything(report)).not.toMatch(strange);
  });

  it('one problem wins nothing', () => {
    const task = { kind: 'arithmetic', max: 10, train: 20, eval: 1 };
    const accuracy = ({ runId, iteration }: ToldMode) => (runId.includes('multiagent') && iteration > 0 ? 1 : 0);
    const report = build({ specification: { ...threeSeeds, task }, accuracy });
    expect(report.headline).not.toMatch(/wins|clearly ahead/);
    expect(everything(report)).not.toMatch(strange);
  });
});

it('the same runs give the same bytes', () => {
  expect(renderComparisonPage(build())).toBe(renderComparisonPage(build()));
  expect(JSON.stringify(build())).toBe(JSON.stringify(build()));
});

test('runs that train on weights served elsewhere know their commit: the untuned ones beside them are of the same base', () => {
  const model = { base: 'acme/small', endpoint: 'vllm' };
  const input = comparisonFixture({ specification: { model } });
  const pinned = { ...model, base: `acme/small@${'a'.repeat(40)}` };
  const runs = input.runs.map((run) =>
    run.record === undefined || run.record.plan.trainedAgents.length === 0
      ? run
      : { ...run, record: { ...run.record, specification: { ...run.record.specification, model: pinned } } },
  );
  const report = buildComparison({ ...input, runs });
  expect(report.rows).toEqual(buildComparison(input).rows);
  expect(report.models).toEqual([pinned.base]);
});
