/** The frame of every page: self-contained HTML without a script, made of sections. */
import { html, trustedMarkup } from './html';
import type { HtmlValue } from './html';
import { visibleLine } from '../visible-text';
import { navigation, renderSection } from './section';
import type { PageSection } from './section';
import { styleSheet } from './style-sheet';

/**
 * Escaping is what keeps model text from becoming markup; the policy is the second lock: even markup that slipped through
 * could run nothing and load nothing. `style-src` allows the style sheet and the charts' own style attributes.
 */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export interface Page {
  /** Of the browser's window. */
  title: string;
  heading: string;
  /** A few facts below the heading, set apart by points. */
  facts: string[];
  /** What stands before the first section. */
  opening?: HtmlValue;
  sections: (PageSection | null)[];
  /** What made the page, and from what. */
  footer: string;
}

export function renderPage({ title, heading, facts, opening, sections, footer }: Page): string {
  const shown = sections.filter((section) => section !== null);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trustedMarkup(contentSecurityPolicy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${visibleLine(title)}</title>
        <link rel="icon" href="data:," />
        <style>
          ${trustedMarkup(styleSheet)}
        </style>
      </head>
      <body>
        <header class="page">
          <h1>${visibleLine(heading)}</h1>
          <p class="where">${facts.map(visibleLine).join(' · ')}</p>
          ${navigation(shown)}
        </header>
        <main>${opening} ${shown.map(renderSection)}</main>
        <footer>${visibleLine(footer)}</footer>
      </body>
    </html> `;
  return page.markup;
}

/** `Made by maft 0.1.0 from …` */
export function madeFrom(versions: Record<string, string>, source: string): string {
  return `Made by maft ${versions['maft'] ?? '(version not recorded)'} from ${source}.`;
}
