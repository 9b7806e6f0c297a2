import fc from 'fast-check';
import { html, trustedMarkup } from '../../src/pages/html';
import { shortened, visibleLine, visibleText } from '../../src/visible-text';
import { hostileLine, hostileTexts } from '../support/hostile-text';

describe('the html template', () => {
  test('a string is escaped in element content and in quoted attributes', () => {
    expect(html`<p title="${'a"b'}">${"<i>&'</i>"}</p>`.markup).toBe(
      '<p title="a&quot;b">&lt;i&gt;&amp;&#39;&lt;/i&gt;</p>',
    );
  });

  test('only values made by the template or marked as trusted go in as they are', () => {
    expect(html`<p>${html`<b>${'<'}</b>`}${trustedMarkup('<hr>')}</p>`.markup).toBe('<p><b>&lt;</b><hr></p>');
    const forged = { markup: '<script></script>', toString: () => '<script></script>' } as unknown as string;
    expect(html`${forged}`.markup).not.toContain('<script>');
  });

  test('lists are joined, and what is absent leaves nothing', () => {
    expect(html`${['a', null, undefined, false, 0, [html`<b>1</b>`]]}`.markup).toBe('a0<b>1</b>');
  });

  test('no string whatsoever brings a tag or a quote of its own', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...Object.values(hostileTexts))), (text) => {
        expect(html`${text}`.markup).not.toMatch(/[<>"']/);
      }),
    );
  });
});

describe('visible text', () => {
  test('ANSI sequences, NULs and bidirectional overrides become characters one can see', () => {
    const shown = visibleText(hostileLine);
    // oxlint-disable-next-line no-control-regex
    expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(shown).toContain('\\u{1b}[2J\\u{1b}[31mred');
    expect(shown).toContain('null\\u{0}');
    expect(shown).toContain('abc\\u{202e}def');
    expect(shown).toContain('lone \ufffd surrogate');
  });

  test('lines and tabs stay, a carriage return alone is shown', () => {
    expect(visibleText('a\r\nb\tc\rd')).toBe('a\nb\tc\\u{d}d');
    expect(visibleLine(' a\n\n b\tc\u00a0%')).toBe('a b c\u00a0%');
  });

  test('a long text is cut between characters and its rest is counted', () => {
    expect(shortened('a😀b', 2)).toEqual({ text: 'a😀', omitted: 1 });
    expect(shortened('ab', 2)).toEqual({ text: 'ab', omitted: 0 });
  });
});
