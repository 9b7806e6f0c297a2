/** Mathematics in running text: `$$…$$`, `$…$`, `\[…\]`, `\(…\)`. */

export interface Segment {
  content: string;
  /** Index of its first mark, and the index after its last one. */
  from: number;
  to: number;
}

const mark = /\$|\\[[(]/g;
const display = /\$\$([^$]+)\$\$/y;
const inline = /(?<!\\)\$((?:[^$\\]|\\[\s\S])+)\$/y;

/** In one pass: the end of an unclosed opening is searched for once, not from each place again. */
export function mathSegments(text: string): Segment[] {
  const segments: Segment[] = [];
  const unclosed = new Set<string>();
  mark.lastIndex = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const from = found.index;
    const segment = found[0] === '$' ? dollars(text, from) : brackets(text, from, unclosed);
    if (segment === undefined) continue;
    segments.push(segment);
    mark.lastIndex = segment.to;
  }
  return segments;
}

function dollars(text: string, from: number): Segment | undefined {
  for (const pattern of [display, inline]) {
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (match !== null) return { content: match[1]!, from, to: pattern.lastIndex };
  }
  return undefined;
}

function brackets(text: string, from: number, unclosed: Set<string>): Segment | undefined {
  const closing = text[from + 1] === '[' ? '\\]' : '\\)';
  if (unclosed.has(closing)) return undefined;
  // At least one character stands between them.
  const end = text.indexOf(closing, from + 3);
  if (end < 0) {
    unclosed.add(closing);
    return undefined;
  }
  return { content: text.slice(from + 2, end), from, to: end + 2 };
}

const spacing = /\\[()[\],;:! ]|\\q?quad(?![A-Za-z])|[$\s]/g;
const conjunction = /^(?:[,;&]|[,;]?(?:and|or)|[,;]?\\(?:text|textrm|mathrm)\{(?:and|or)\})?$/;
const longestGap = 60;

/** Whether the text between two marked answers makes both of them the answer: `,`, "and", nothing on the same line. */
export function joinsAnswers(gap: string): boolean {
  if (gap.length > longestGap) return false;
  const joint = gap.replaceAll(spacing, '');
  return conjunction.test(joint) && (joint !== '' || !gap.includes('\n'));
}
