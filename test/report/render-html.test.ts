import { buildReport, renderHtml } from '../../src/report';
import type { ReportInput } from '../../src/report';
import { hostileTexts } from '../support/hostile-text';
import { reportFixture } from '../support/report-fixture';
import { hostileFixture } from '../support/hostile-report';

jest.unmock('../../src/pages/svg');

/** The tags of a page, their quoted values emptied: what a browser takes for markup. */
const tagsOf = (markup: string) =>
  (markup.match(/<[a-z](?:[^"<>]|"[^"]*")*>/gi) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));

const page = (input: ReportInput) => renderHtml(buildReport(input));

describe('the page', () => {
  const markup = page(reportFixture());

  test('a run that starts from a tuned society nowhere calls it untuned', () => {
    const input = reportFixture();
    const { specification } = input.run;
    const run = {
      ...input.run,
      specification: { ...specification, model: { ...specification.model, society: 'demo@2' } },
    };
    const report = buildReport({ ...input, run });
    const markup = renderHtml(report);
    expect(report.statements.join(' ')).toMatch(/With one call per problem: [^%]*% of demo@2, /);
    expect(markup).toContain('Iteration 0 is the society demo@2');
    expect(markup).toContain('Texts of the society demo@2');
    expect(markup).not.toContain('untuned');
  });

  test('has no script, no link to anywhere and a policy that would allow neither', () => {
    expect(markup.match(/<script|javascript:|@import|url\((?!#)|<iframe|<object|<embed/i)).toBeNull();
    expect(markup.replace(/xmlns(:\w+)?="[^"]*"/g, '').match(/https?:\/\//)).toBeNull();
    expect(markup).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:;");
    expect(tagsOf(markup).filter((tag) => /\son\w+=/.test(tag))).toEqual([]);
  });

  test('has each section, and the navigation leads to each of them', () => {
    const navigation = markup.slice(0, markup.indexOf('<main'));
    const linked = [...navigation.matchAll(/href="#([\w-]+)"/g)].map(([, id]) => id);
    for (const [, id] of markup.matchAll(/href="#([\w-]+)"/g)) expect(linked).toContain(id);
    expect(linked).toEqual([
      'result',
      'notices',
      'methods',
      'accuracy',
      'diversity',
      'members',
      'specialisation',
      'flips',
      'followed',
      'selection',
      'audit',
      'training',
      'costs',
      'debates',
      'specification',
    ]);
    for (const id of linked) expect(markup).toContain(`<section id="${id}"`);
  });

  test('no id occurs twice, also inside the charts', () => {
    const ids = [...markup.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every chart is described, and every table has a caption', () => {
    const drawings = markup.match(/<div class="drawing[^>]*>/g) ?? [];
    expect(drawings.length).toBeGreaterThan(10);
    expect(drawings.every((tag) => /role="img" aria-label="[^"]{20,}"/.test(tag))).toBe(true);
    expect(markup.match(/<table /g)?.length).toBe(markup.match(/<caption>/g)?.length);
  });

  test('charts take their colours from the style sheet, so that the dark page has its own', () => {
    expect(markup.match(/#feab[0-9a-f]{2}/)).toBeNull();
    expect(markup).toContain('stroke="var(--series-1)"');
    const used = new Set([...markup.matchAll(/var\(--([\w-]+)\)/g)].map(([, name]) => name));
    for (const name of used) expect(markup.split(`--${name}: #`).length).toBeGreaterThanOrEqual(3);
  });

  test('the same artifacts give the same bytes', () => {
    expect(page(reportFixture())).toBe(markup);
  });
});

describe('hostile text', () => {
  const markup = page(hostileFixture());

  test.each(Object.keys(hostileTexts))('%s shows as text, wherever it stands', (name) => {
    const text = hostileTexts[name as keyof typeof hostileTexts];
    if (/[<>"]/.test(text)) expect(markup).not.toContain(text);
  });

  test('brings no element, attribute or control character', () => {
    expect(markup.match(/<script|<h1>broken|<img/i)).toBeNull();
    expect(tagsOf(markup).filter((tag) => /\son\w+=|https?:/.test(tag))).toEqual([]);
    // oxlint-disable-next-line no-control-regex
    expect(markup.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)).toBeNull();
    expect(markup.match(/<\/style>/g)).toHaveLength(1);
    expect(markup.match(/<\/title>/g)).toHaveLength(1);
  });

  test('is there to be read', () => {
    expect(markup).toContain('&lt;script&gt;document.title = &quot;owned&quot;&lt;/script&gt;');
    expect(markup).toContain('\\u{1b}[2J\\u{1b}[31mred');
  });

  test('a runaway response is cut and its rest counted', () => {
    const input = reportFixture();
    const long = (text: string) => (text.includes('#') ? 'x'.repeat(50_000) : text);
    const transcripts = input.transcripts.map((transcript) => ({
      ...transcript,
      rounds: transcript.rounds.map((round) => ({
        ...round,
        turns: round.turns.map((turn) => ({ ...turn, response: long(turn.response) })),
      })),
    }));
    const cut = page({ ...input, transcripts });
    expect(cut).not.toContain('x'.repeat(8_001));
    expect(cut).toContain('42,000 more characters are in the transcript');
  });
});

describe('any stage and shape renders', () => {
  test.each([
    ['nothing evaluated', { evaluatedUpTo: -1 }],
    ['the untuned society only', { evaluatedUpTo: 0 }],
    ['no iterations at all', { iterations: 0, evaluatedUpTo: 0 }],
    ['half-way', { evaluatedUpTo: 1 }],
    ['one member, one round', { members: 1, rounds: 1 }],
    ['one member, two rounds', { members: 1, rounds: 2 }],
    ['one round', { rounds: 1 }],
    ['three rounds', { rounds: 3 }],
    ['one problem', { problems: 1 }],
    ['failed problems and empty training sets', { failedProblems: 9, emptyAgents: ['generation-1', 'critic-2'] }],
    [
      'all training sets empty',
      { emptyAgents: ['generation-1', 'generation-2', 'generation-3', 'critic-1', 'critic-2', 'critic-3'] },
    ],
  ])('%s', (_, shape) => {
    const markup = page(reportFixture(shape));
    expect(markup.match(/NaN|Infinity|undefined|\[object/)).toBeNull();
    expect(markup).toContain('</html>');
  });

  test('a run without agreement, members, audit or references', () => {
    const input = reportFixture();
    const iterations = input.iterations.map(({ evaluation, selection, iteration, weights }) => ({
      iteration,
      selection,
      weights,
      evaluation: evaluation && { ...evaluation, agreement: null, members: [] },
    }));
    const markup = page({ ...input, iterations, references: undefined, timings: [] });
    expect(markup).toContain('not measured');
    expect(markup.match(/NaN|undefined|id="audit"|id="costs"/)).toBeNull();
  });
});

test('an audit that could judge nothing is not shown as 0 % wrong', () => {
  const input = reportFixture();
  input.iterations.forEach(({ audit }) =>
    audit?.agents.forEach((agent) => Object.assign(agent, { examples: 0, wrongConsensus: 0 })),
  );
  expect(page(input)).not.toContain('id="audit"');
});

test('calls that were adopted from another run are told apart from those that were asked', () => {
  const input = reportFixture();
  const [evaluated] = input.timings.filter(({ stage, iteration }) => stage === 'evaluate' && iteration === 0);
  const markup = page({ ...input, adopted: [{ stage: 'evaluate', iteration: 0, counts: evaluated!.counts }] });
  expect(page(input)).not.toContain('>Asked<');
  expect(markup).toContain('>Asked<');
  const row = markup.slice(markup.indexOf('id="costs"')).match(/<th scope="row">evaluate<\/th>([\s\S]*?)<\/tr>/)![1]!;
  expect(row.match(/<td[^>]*>[^<]*/g)!.map((cell) => cell.replace(/.*>/, ''))[2]).toBe('0');
});

describe('selection', () => {
  test('counts that do not add up are called wrong instead of being shown as if they did', () => {
    const input = reportFixture();
    const iterations = input.iterations.map((artifacts) => ({
      ...artifacts,
      selection: artifacts.selection && {
        ...artifacts.selection,
        agents: artifacts.selection.agents.map((agent) => ({ ...agent, responses: agent.responses + 1 })),
      },
    }));
    expect(page({ ...input, iterations })).toContain('add up to 1,600, not to its');
    expect(page(input)).not.toContain('these counts are wrong');
  });
});

test('the specification on the page is the one that was written, with every value that ran and where it came from', () => {
  const input = reportFixture();
  const markup = page(input);
  const [, json = ''] =
    /<summary>specification\.json<\/summary>\s*<pre class="text">([\s\S]*?)<\/pre>/.exec(markup) ?? [];
  expect(JSON.parse(json.replace(/&quot;/g, '"'))).toEqual(input.run.written);
  expect(markup).toMatch(
    /method\.members<\/code><\/th>\s*<td class="words"><code>3<\/code><\/td>\s*<td class="words">preset/,
  );
  expect(markup).toContain(input.run.specificationDigest);
});
