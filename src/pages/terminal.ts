/**
 * The parts of a page that a terminal or a file can show: prose, lists and tables with their captions below them.
 * Notes, charts, details and markup are for browsers; tables repeat the numbers behind charts.
 */
import { visibleLine } from '../visible-text';
import { isHtml } from './html';
import { present, type Block, type Cell, type Item, type List, type Optional, type Section, type Table } from './page';

export interface TerminalStyle {
  /** Letters a plain terminal or a file may not show are spelt out: `+/-` for ±, `-` for the minus sign. */
  ascii: boolean;
  /** Columns of the terminal, for wrapping the sentences; tables keep their width. */
  width?: number;
}

/** Lines without a final newline. Control characters in names are made visible, so they cannot move the cursor. */
export function terminalText(sections: Optional<Pick<Section, 'blocks'>>[], style: TerminalStyle): string {
  const { ascii, width = 100 } = style;
  const spelt = (text: string) => (ascii ? asciiOnly(visibleLine(text)) : visibleLine(text));
  const blocks = present(sections).flatMap((section) => present(section.blocks));
  return blocks
    .map((block) => blockLines(block, { spelt, width }).join('\n'))
    .filter((text) => text !== '')
    .join('\n\n')
    .replace(/\u00a0/g, ' ');
}

interface Way {
  spelt: (text: string) => string;
  width: number;
}

function blockLines(block: Block, { spelt, width }: Way): string[] {
  if (isHtml(block)) return [];
  switch (block.kind) {
    case 'prose':
      return block.style === 'note' ? [] : wrapped(withoutCode(spelt(block.text)), width);
    case 'list':
      return listLines(block, { spelt, width });
    case 'table':
      return [...tableLines(block, spelt), ...wrapped(spelt(block.caption), width)];
    case 'chart':
    case 'grid':
    case 'details':
      return [];
  }
}

const openings: Record<List['style'], string> = {
  statements: '',
  notices: 'note: ',
  warnings: 'Warning: ',
  details: '',
};

function listLines({ style, items }: List, { spelt, width }: Way): string[] {
  const hanging = (text: string, margin: string) =>
    wrapped(withoutCode(spelt(text)), width - margin.length).map((line, index) =>
      index === 0 ? line : `${margin}${line}`,
    );
  const itemLines = (item: Item) => {
    if (typeof item === 'string') return hanging(`${openings[style]}${item}`, '  ');
    const below = [item.numbers, item.remarks]
      .filter((text) => text !== '')
      .flatMap((text) => wrapped(withoutCode(spelt(text)), width - 4).map((line) => `    ${line}`));
    return [...hanging(`${item.verdict.toUpperCase()}: ${item.text}`, '  '), ...below];
  };
  return items.flatMap(itemLines);
}

/** Backticks mark code on the page only. */
function withoutCode(text: string): string {
  return text.replace(/`([^`]*)`/g, '$1');
}

function tableLines({ columns, groups }: Table, spelt: (text: string) => string): string[] {
  return plainTableLines({
    heads: columns.map(({ head, brief }) => spelt(brief ?? head)),
    groups: groups.map(({ title, rows }) => ({
      ...(title === undefined ? {} : { title: spelt(title) }),
      // Cells are spelt before they are measured, so that the columns line up in either alphabet.
      rows: rows.map(({ cells }) => cells.map((cell) => spelt(cellText(cell)))),
    })),
  });
}

function cellText(cell: Cell): string {
  if (cell === null) return '–';
  return typeof cell === 'object' ? cell.text : String(cell);
}

export interface PlainTable {
  heads: string[];
  groups: { title?: string; rows: string[][] }[];
}

/** The first column to the left, the others to the right; a rule above each group but the first, and its title. */
export function plainTableLines({ heads, groups }: PlainTable): string[] {
  const cells = [heads, ...groups.flatMap(({ rows }) => rows)];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [
    line(heads),
    ...groups.flatMap(({ title, rows }) => [rule, ...(title === undefined ? [] : [title]), ...rows.map(line)]),
  ];
}

/** Words in lines of at most `width` characters; no break inside a number and its unit, which a no-break space joins. */
export function wrapped(text: string, width: number): string[] {
  const words = text.split(' ');
  return words.reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}

/** Spells out letters that a terminal without Unicode lacks: `+/-` for ±, `-` for the minus sign. */
export function asciiOnly(text: string): string {
  return text
    .replace(/±/g, '+/-')
    .replace(/\u2212/g, '-')
    .replace(/[“”]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/–/g, '-')
    .replace(/→/g, '->')
    .replace(/≥/g, '>=')
    .replace(/[^\x20-\x7e\u00a0]/g, '?');
}
