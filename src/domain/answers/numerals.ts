/** Numbers as they are written in running text: thousands separators, decimals, exponents, signs. */

/** A number without its sign, whose meaning depends on what stands before it. */
export const numeral = String.raw`(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?|(?<![.\p{L}\d])\.\d+)`;

/** A minus that belongs to the number behind it: not after an operand, where it subtracts (`22-36`). */
const attachedSign = /(?:^|\s|[^\p{L}\d)\]}_])-$/u;
/** `= - 14`; elsewhere a minus with a space behind it subtracts or starts a list. */
const spacedSign = /[=:][ \t]*-[ \t]+$/;

/** How far back a sign and a currency sign may stand. */
const signReach = 40;

/** Typographic minus signs and LaTeX's spacing inside numbers, spelt plainly. */
export function plainNumbers(text: string): string {
  return text
    .replaceAll(/[−–]/g, '-')
    .replaceAll('{,}', ',')
    .replaceAll(/\\[,!;]/g, '');
}

/** Whether the number that starts at an index is negative; a currency sign may stand between (`-$5`). */
export function isNegative(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - signReach), index).replace(/\\?[\p{Sc}]\s?$/u, '');
  return attachedSign.test(before) || spacedSign.test(before);
}

/** A place that holds an answer and nothing before it: there `- 14` is a number with its sign, and no subtraction. */
export function signedPlace(place: string): string {
  return place.replace(/^([\s$({*]*)-[ \t]+(?=[\d.\\\p{Sc}])/u, '$1-');
}

/** A digit glued to a letter is part of a name (`x2`), not a value. */
export function isGluedToName(text: string, index: number): boolean {
  return /[\p{L}_]/u.test(text.charAt(index - 1));
}
