/** Text of users and models as Markdown shows it: letter by letter, whatever it spells. */
import { visibleLine } from '../visible-text';

/** Plain text on one line: no markup, no HTML. */
export function escapeMarkdown(text: string): string {
  const line = visibleLine(text).replace(/[\\`*_{}[\]()!|~$@:]/g, '\\$&');
  const plain = line.replace(/[<>&]/g, (character) => entities[character]!);
  // Only at its start a line becomes a heading, a list or a rule.
  return plain.replace(/^[-+=#]/, '\\$&').replace(/^(\d+)([.)])/, '$1\\$2');
}

const entities: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };

/** A code span on one line; its fence is longer than any run of backticks in the text. */
export function codeSpan(text: string): string {
  const line = visibleLine(text);
  const fence = '`'.repeat(longestFence(line) + 1);
  const padding = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${padding}${line}${padding}${fence}`;
}

/** A block of code, fenced as `codeSpan`. */
export function codeBlock(text: string, language = ''): string {
  const fence = '`'.repeat(Math.max(3, longestFence(text) + 1));
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

function longestFence(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

/** @param rows Cells that are Markdown already; a pipe in a code span would end the cell. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replace(/(?<!\\)\|/g, '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
