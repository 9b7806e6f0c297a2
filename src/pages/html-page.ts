/** A page as self-contained HTML: no script, no network, only system fonts. */
import { chartFigure, legendList, smallFigure } from './chart';
import { html, isHtml, sentence, trustedMarkup, type Html } from './html';
import { present, type Block, type Cell, type Item, type List, type Optional, type Page, type Prose } from './page';
import type { Section, Table } from './page';
import { styleSheet } from './style-sheet';
import { visibleLine } from '../visible-text';

/**
 * Escaping is what keeps model text from becoming markup; the policy is the second lock: even markup that slipped through
 * could run nothing and load nothing. `style-src` allows the style sheet and the charts' own style attributes.
 */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export function htmlPage({ title, heading, facts, sections, footer }: Page): string {
  const shown = present(sections);
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
          <nav aria-label="Sections">
            ${shown.map((section) => html`<a href="#${section.id}">${visibleLine(section.title)}</a> `)}
          </nav>
        </header>
        <main>${shown.map(sectionMarkup)}</main>
        <footer>${visibleLine(footer)}</footer>
      </body>
    </html> `;
  return page.markup;
}

function sectionMarkup({ id, title, blocks }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${visibleLine(title)}</h2>
    ${blocksMarkup(blocks)}
  </section>`;
}

/** Exported for what is markup itself and holds blocks. */
export function blocksMarkup(blocks: Optional<Block>[]): Html {
  return html`${present(blocks).map(blockMarkup)}`;
}

function blockMarkup(block: Block): Html {
  if (isHtml(block)) return block;
  switch (block.kind) {
    case 'prose':
      return proseMarkup(block);
    case 'list':
      return listMarkup(block);
    case 'table':
      return tableMarkup(block);
    case 'chart':
      return chartFigure(block.chart);
    case 'grid':
      return html`${legendList(block.legend)}
        <div class="grid">${block.charts.map(smallFigure)}</div>`;
    case 'details': {
      const content = html`<summary>${visibleLine(block.summary)}</summary>
        ${blocksMarkup(block.blocks)}`;
      const name = block.isPrinted ? 'values' : 'plain';
      return block.isOpen
        ? html`<details class="${name}" open>${content}</details>`
        : html`<details class="${name}">${content}</details>`;
    }
  }
}

function proseMarkup({ text, style }: Prose): Html {
  if (style === 'heading') return html`<h3>${visibleLine(text)}</h3>`;
  return html`<p class="${style}">${sentence(text)}</p>`;
}

function listMarkup({ style, items }: List): Html {
  const name = { statements: 'statements', notices: 'notices', warnings: 'notices warnings', details: 'note' }[style];
  return html`<ul class="${name}">
    ${items.map((item) => html`<li>${itemMarkup(item)}</li>`)}
  </ul>`;
}

function itemMarkup(item: Item): Html {
  if (typeof item === 'string') return sentence(item);
  return html`<span class="verdict">${visibleLine(item.verdict)}:</span> ${sentence(item.text)}
    ${item.numbers !== '' && html`<div>${sentence(item.numbers)}</div>`}
    ${item.remarks !== '' && html`<div class="note">${sentence(item.remarks)}</div>`}`;
}

/** With more, a table is set smaller on paper, where it cannot scroll. */
const mostColumnsOnPaper = 11;

/** Accessible: a caption, column and row headers, and its own frame, which scrolls on a narrow screen. */
function tableMarkup({ caption, columns, groups }: Table): Html {
  const kind = (index: number) => columns[index]?.holds ?? (index === 0 ? 'words' : 'number');
  const row = ({ cells: [header = null, ...cells], isTotal }: Table['groups'][number]['rows'][number]) =>
    html`<tr class="${isTotal ? 'total' : 'plain'}">
      <th scope="row">${cellMarkup(header)}</th>
      ${cells.map((cell, index) => html`<td class="${kind(index + 1)}">${cellMarkup(cell)}</td>`)}
    </tr>`;
  const group = ({ title, rows }: Table['groups'][number]) =>
    html`<tbody>
      ${
        title !== undefined &&
        html`<tr class="group">
          <th scope="rowgroup" colspan="${columns.length}"><span class="fixed">${visibleLine(title)}</span></th>
        </tr>`
      }
      ${rows.map(row)}
    </tbody>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table, may scroll sideways">
    <table class="${columns.length > mostColumnsOnPaper ? 'wide' : 'plain'}">
      <caption>
        <span class="fixed">${visibleLine(caption)}</span>
      </caption>
      <thead>
        <tr>
          ${columns.map(({ head }, index) => html`<th scope="col" class="${kind(index)}">${visibleLine(head)}</th>`)}
        </tr>
      </thead>
      ${groups.map(group)}
    </table>
  </div>`;
}

function cellMarkup(cell: Cell): Html {
  if (cell === null) return html`–`;
  return typeof cell === 'object' ? cell.markup : html`${visibleLine(String(cell))}`;
}
