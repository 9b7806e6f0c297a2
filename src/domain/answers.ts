/**
 * From what a model wrote to an answer that can be compared: one set of rules per answer type. A further type (number,
 * math, choice, text) is one more entry of `answerRules`.
 */

export type AnswerType = 'integer';

export interface AnswerRules {
  /** The normalised answer of a response or a reference; `null` where none parses. */
  parse(text: string): string | null;
  /** Equality of two normalised answers, for types that can decide it by themselves; others ask the grading port. */
  equal?(a: string, b: string): boolean;
}

export const answerRules: Record<AnswerType, AnswerRules> = {
  integer: { parse: parseInteger, equal: (a, b) => a === b },
};

/** A number as written: thousands separators, decimals, exponent. Its sign depends on what stands before it. */
const numberPattern = /(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?|(?<![.\p{L}\d])\.\d+/gu;

/** A minus that belongs to the number behind it: not after an operand, where it subtracts (`22-36`). */
const attachedSign = /(?:^|\s|[^\p{L}\d)\]}_])-$/u;
/** `= - 14`; elsewhere a minus with a space behind it subtracts or starts a list. */
const spacedSign = /[=:][ \t]*-[ \t]+$/;

/**
 * The integer at the end of a text, or in its last `\boxed{}` that holds one. Thousands separators, currency signs, a
 * fraction of zeros and a trailing period are tolerated; `null` where the last number is none or no integer. Digits are
 * kept as text, so that no length loses precision.
 */
export function parseInteger(text: string): string | null {
  const plain = text
    .replaceAll(/[−–]/g, '-')
    .replaceAll('{,}', ',')
    .replaceAll(/\\[,!;]/g, '');
  const boxed = boxedContents(plain)
    .map(lastInteger)
    .filter((answer) => answer !== null);
  return boxed.at(-1) ?? lastInteger(plain);
}

function lastInteger(text: string): string | null {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(numberPattern)) {
    // A digit glued to a letter is part of a name (`x2`), not a value.
    if (!/[\p{L}_]/u.test(text.charAt(match.index - 1))) last = match;
  }
  if (last === undefined) return null;
  const before = text.slice(Math.max(0, last.index - 40), last.index).replace(/\\?[\p{Sc}]\s?$/u, '');
  return canonicalInteger(last[0], attachedSign.test(before) || spacedSign.test(before));
}

/** `007` -> `7`, `1,234.00` -> `1234`, minus zero -> `0`; `null` for `3.5` and `1e5`. */
function canonicalInteger(digits: string, negative: boolean): string | null {
  const match = /^([\d,]+)(?:\.0+)?$/.exec(digits);
  if (match === null) return null;
  const magnitude = match[1]!.replaceAll(',', '').replace(/^0+(?=\d)/, '');
  return negative && magnitude !== '0' ? `-${magnitude}` : magnitude;
}

/** What stands in each closed `\boxed{}`, inner braces included. */
function boxedContents(text: string): string[] {
  const opening = '\\boxed{';
  const contents: string[] = [];
  for (let start = text.indexOf(opening); start >= 0; start = text.indexOf(opening, start + 1)) {
    const from = start + opening.length;
    const end = closingBrace(text, from);
    if (end !== undefined) contents.push(text.slice(from, end));
  }
  return contents;
}

function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    if (text[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
}
