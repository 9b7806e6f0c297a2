/** Accessible tables: a caption, column and row headers, and a frame of their own that scrolls on a narrow screen. */
import { html } from './html';
import type { Html, HtmlValue } from './html';

export interface TableRow {
  /** The first cell, which names the row. */
  header: HtmlValue;
  cells: HtmlValue[];
  /** A total or another row set apart. */
  emphasised?: boolean;
}

export interface TableGroup {
  /** A line above the group; absent for a table of one group. */
  title?: HtmlValue;
  rows: TableRow[];
}

export interface Table {
  caption: HtmlValue;
  /** Heads of all columns, that of the row headers first. */
  columns: HtmlValue[];
  groups: TableGroup[];
  /** Columns (counted from 0, the row header being 0) that hold words instead of numbers. */
  wordColumns?: number[];
}

/** With more, a table is set smaller on paper, where it cannot scroll. */
const mostColumnsOnPaper = 11;

export function table({ caption, columns, groups, wordColumns = [] }: Table): Html {
  const kind = (column: number) => (column === 0 || wordColumns.includes(column) ? 'words' : 'number');
  const row = ({ header, cells, emphasised }: TableRow) =>
    html`<tr class="${emphasised ? 'total' : 'plain'}">
      <th scope="row">${header}</th>
      ${cells.map((cell, index) => html`<td class="${kind(index + 1)}">${cell}</td>`)}
    </tr>`;
  const group = ({ title, rows }: TableGroup) =>
    html`<tbody>
      ${
        title === undefined
          ? null
          : html`<tr class="group">
              <th scope="rowgroup" colspan="${columns.length}"><span class="fixed">${title}</span></th>
            </tr>`
      }
      ${rows.map(row)}
    </tbody>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table, may scroll sideways">
    <table class="${columns.length > mostColumnsOnPaper ? 'wide' : 'plain'}">
      <caption>
        <span class="fixed">${caption}</span>
      </caption>
      <thead>
        <tr>
          ${columns.map((head, index) => html`<th scope="col" class="${kind(index)}">${head}</th>`)}
        </tr>
      </thead>
      ${groups.map(group)}
    </table>
  </div>`;
}
