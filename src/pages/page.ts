/**
 * The content of a page, as data: sections made of prose, lists, tables and charts. `html-page.ts` shows all of it in a
 * browser, `terminal.ts` those parts that are text. Words, numbers and columns are decided before either.
 */
import type { Chart, LegendEntry, SmallChart } from './chart';
import { html, type Html } from './html';
import { visibleLine } from '../visible-text';

export interface Page {
  /** Of the browser's window. */
  title: string;
  heading: string;
  /** A few facts below the heading, set apart by points. */
  facts: string[];
  sections: Optional<Section>[];
  /** What made the page, and from what. */
  footer: string;
}

export interface Section {
  /** Unique on the page, as the target of links. */
  id: string;
  title: string;
  blocks: Optional<Block>[];
}

/** Left out unless its condition holds. */
export type Optional<Value> = Value | null | undefined | false;

/** Markup as a block is for browsers only, such as a debate that opens turn by turn; so are charts and details. */
export type Block = Prose | List | Table | ChartBlock | Grid | Details | Html;

export interface Prose {
  kind: 'prose';
  /** What stands between backticks is code. */
  text: string;
  /** A `note` is small print, for browsers. */
  style: 'plain' | 'headline' | 'heading' | 'note' | 'problem';
}

export interface List {
  kind: 'list';
  style: 'statements' | 'notices' | 'warnings' | 'details';
  items: Item[];
}

/** A sentence, or one that begins with a verdict and has numbers and remarks below it, if any. */
export type Item = string | { verdict: string; text: string; numbers: string; remarks: string };

export interface Table {
  kind: 'table';
  /** What the numbers are, with n, seed and interval if they have them. */
  caption: string;
  columns: Pick<Column<never>, 'head' | 'brief' | 'holds'>[];
  groups: { title?: string; rows: { cells: Cell[]; isTotal: boolean }[] }[];
}

/** One definition for both media. The first column of a table names its rows. */
export interface Column<Row> {
  head: string;
  /** Its head on a terminal, where there is less room. */
  brief?: string;
  /** `several` numbers may be broken over lines; default: the first column holds words, the others a number. */
  holds?: 'words' | 'number' | 'several';
  of: (row: Row) => Cell;
}

/** `null` is shown as a dash. */
export type Cell = string | number | Marked | null;

/** A cell that browsers show differently from its text. */
export interface Marked {
  text: string;
  markup: Html;
}

export interface Group<Row> {
  /** A line above the group; absent for a table of one group. */
  title?: string;
  rows?: Row[];
  /** Rows set apart, at the end. */
  totals?: Row[];
}

export interface ChartBlock {
  kind: 'chart';
  chart: Chart;
}

/** Small charts on one legend. */
export interface Grid {
  kind: 'grid';
  legend: LegendEntry[];
  charts: SmallChart[];
}

export interface Details {
  kind: 'details';
  summary: string;
  isOpen: boolean;
  /** Whether it is open in print, which has no clicks. */
  isPrinted: boolean;
  blocks: Optional<Block>[];
}

export function prose(text: string, style: Prose['style'] = 'plain'): Prose {
  return { kind: 'prose', text, style };
}

/** A name, a digest or a value as it is written. */
export function code(text: string): Marked {
  return { text, markup: html`<code>${visibleLine(text)}</code>` };
}

/** Null if it would be empty. */
export function list(style: List['style'], items: Item[]): List | null {
  return items.length === 0 ? null : { kind: 'list', style, items };
}

/** Null if it would have no rows. */
export function table<Row>(input: { caption: string; columns: Column<Row>[]; groups: Group<Row>[] }): Table | null {
  const { caption, columns } = input;
  const cellsOf = (row: Row, isTotal: boolean) => ({ cells: columns.map(({ of }) => of(row)), isTotal });
  const groups = input.groups
    .map(({ title, rows = [], totals = [] }) => ({
      title,
      rows: [...rows.map((row) => cellsOf(row, false)), ...totals.map((row) => cellsOf(row, true))],
    }))
    .filter(({ rows }) => rows.length > 0);
  return groups.length === 0 ? null : { kind: 'table', caption, columns, groups };
}

export function chart(drawn: Chart): ChartBlock {
  return { kind: 'chart', chart: drawn };
}

/** Null if it would hold no chart. */
export function grid(legend: LegendEntry[], charts: Optional<SmallChart>[]): Grid | null {
  const shown = present(charts);
  return shown.length === 0 ? null : { kind: 'grid', legend, charts: shown };
}

/** Null if it would be empty. */
export function details(
  summary: string,
  blocks: Optional<Block>[],
  { isOpen = false, isPrinted = false }: { isOpen?: boolean; isPrinted?: boolean } = {},
): Details | null {
  return present(blocks).length === 0 ? null : { kind: 'details', summary, isOpen, isPrinted, blocks };
}

/** The values that are not left out. */
export function present<Value>(values: Optional<Value>[]): Value[] {
  return values.filter((value): value is Value => value !== null && value !== undefined && value !== false);
}

/** A section of blocks; null if all of them are left out. */
export function section(id: string, title: string, blocks: Optional<Block>[]): Section | null {
  return present(blocks).length === 0 ? null : { id, title, blocks };
}

/** `Made by maft 0.1.0 from …` */
export function madeFrom(versions: Record<string, string>, source: string): string {
  return `Made by maft ${versions['maft'] ?? '(version not recorded)'} from ${source}.`;
}
