/** A table of text for a terminal or a file: the first column to the left, the others to the right. */

export interface PlainTable {
  heads: string[];
  rows: string[][];
  /** Indices of rows above which a rule is drawn. */
  breaks?: ReadonlySet<number>;
}

export function plainTableLines({ heads, rows, breaks = new Set() }: PlainTable): string[] {
  const cells = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  const [head = '', ...body] = cells.map((row) => line(row).trimEnd());
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [head, rule, ...body.flatMap((text, index) => (breaks.has(index) ? [rule, text] : [text]))];
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

/** What a terminal without Unicode shows: `+/-` for ±, `-` for the minus sign. */
export function asciiOnly(text: string): string {
  return text
    .replace(/±/g, '+/-')
    .replace(/\u2212/g, '-')
    .replace(/[“”]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/–/g, '-')
    .replace(/→/g, '->')
    .replace(/[^\x20-\x7e\u00a0]/g, '?');
}
