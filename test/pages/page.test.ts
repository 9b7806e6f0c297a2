/** One page, shown by both renderers: what a browser gets and what a terminal gets say the same. */
import { trustedMarkup } from '../../src/pages/html';
import { htmlPage } from '../../src/pages/html-page';
import { code, details, list, prose, section, table, type Section } from '../../src/pages/page';
import { terminalText } from '../../src/pages/terminal';
import { hostileLine } from '../support/hostile-text';

interface Measured {
  name: string;
  share: number | null;
}

const columns = [
  { head: 'Way of answering', brief: 'way', of: ({ name }: Measured) => name },
  {
    head: 'Accuracy ± SE',
    brief: 'accuracy ±',
    of: ({ share }: Measured) => share && `${share}\u00a0±\u00a01.0\u00a0%`,
  },
  { head: 'Digest', of: () => code('“ab`12”') },
];
const shown = section('shown', 'What is shown', [
  prose('Set `stopWhen: plateau` − a sentence of many words, which a narrow terminal shows in several lines.'),
  list('notices', [
    'one ≥ two',
    { verdict: 'not shown', text: '“A” beats “B”', numbers: 'their numbers', remarks: '' },
  ]),
  table<Measured>({
    caption: 'What the numbers are.',
    columns,
    groups: [
      { title: 'Before', rows: [{ name: 'one sample', share: 50 }] },
      { title: 'Never', rows: [] },
      { title: 'After', rows: [{ name: 'vote', share: null }], totals: [{ name: 'all', share: 75 }] },
    ],
  }),
  prose('Small print.', 'note'),
  details('More', [prose('of it')]),
  trustedMarkup('<p>markup</p>'),
]);

const markupOf = (sections: (Section | null)[]) =>
  htmlPage({ title: 'title', heading: 'heading', facts: ['a fact'], sections, footer: 'footer' });
const inTerminal = (style: { ascii: boolean; width?: number }) => terminalText([shown], style);

test('a terminal has prose, lists and tables, each caption below its table, and nothing that has to be clicked', () => {
  expect(inTerminal({ ascii: false })).toBe(
    [
      'Set stopWhen: plateau − a sentence of many words, which a narrow terminal shows in several lines.',
      '',
      'note: one ≥ two',
      'NOT SHOWN: “A” beats “B”',
      '    their numbers',
      '',
      'way         accuracy ±   Digest',
      '----------  ----------  -------',
      'Before',
      'one sample  50 ± 1.0 %  “ab`12”',
      '----------  ----------  -------',
      'After',
      'vote                 –  “ab`12”',
      'all         75 ± 1.0 %  “ab`12”',
      'What the numbers are.',
    ].join('\n'),
  );
});

test('a page has all of it, with a head, a caption and a title for every group of a table', () => {
  const markup = markupOf([shown, null]);
  const text = markup
    .slice(markup.indexOf('<main>'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  for (const said of [
    'Set stopWhen: plateau − a',
    'not shown: “A” beats “B” their numbers',
    'Small print.',
    'More of it',
  ])
    expect(text).toContain(said);
  expect(text).toMatch(/What the numbers are\. Way of answering Accuracy ± SE Digest Before one sample 50.±.1\.0.% /);
  expect(text).toMatch(/After vote – “ab`12” all 75/);
  expect(markup).toContain('<code>stopWhen: plateau</code>');
  expect(markup).toContain('<p>markup</p>');
  expect(markup).not.toContain('Never');
  expect(markup.match(/<tr class="total">/g)).toHaveLength(1);
});

test('columns line up in both alphabets, and a terminal that knows no more gets plain ASCII', () => {
  for (const ascii of [true, false]) {
    const [head, ...rows] = inTerminal({ ascii }).split('\n').slice(6, 14);
    const ends = rows.filter((row) => row.includes('ab')).map((row) => row.length);
    expect(new Set(ends)).toEqual(new Set([head!.length]));
  }
  expect(inTerminal({ ascii: true })).toMatch(/^[\n\x20-\x7e]*$/);
  expect(inTerminal({ ascii: true })).toContain('note: one >= two');
});

test('sentences are wrapped at the width of the terminal', () => {
  const lines = inTerminal({ ascii: true, width: 40 }).split('\n');
  expect(lines.filter((line) => line.length > 40)).toEqual([]);
  expect(lines[2]).toBe('shows in several lines.');
});

test('no control character reaches a terminal or a page, wherever it stands', () => {
  const rows = [{ name: hostileLine, share: null }];
  const hostile = section(hostileLine, hostileLine, [
    prose(hostileLine),
    prose(hostileLine, 'heading'),
    list('statements', [
      hostileLine,
      { verdict: hostileLine, text: hostileLine, numbers: hostileLine, remarks: hostileLine },
    ]),
    table<Measured>({ caption: hostileLine, columns, groups: [{ title: hostileLine, rows }] }),
    details(hostileLine, [prose(hostileLine)]),
  ])!;
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
  for (const ascii of [true, false]) expect(terminalText([hostile], { ascii })).not.toMatch(control);
  const markup = markupOf([{ ...hostile, id: 'hostile' }]);
  expect(markup).not.toMatch(control);
  expect(markup).not.toMatch(/<script|<img/i);
});

test('what holds nothing is left out', () => {
  expect(section('empty', 'Empty', [null, false, list('notices', []), details('More', [null])])).toBeNull();
  expect(table<Measured>({ caption: '', columns, groups: [{ title: 'none', rows: [] }] })).toBeNull();
});
