/** Numbers as they are written in running text: thousands separators, decimals, exponents, signs. */

/** A number without its sign, whose meaning depends on what stands before it. */
export const numeral = String.raw`(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?|(?<![.\p{L}\d])\.\d+)`;

/** A minus that belongs to the number after it: not after an operand, where it subtracts (`22-36`). */
const attachedSign = /(?:^|\s|[^\p{L}\d)\]}_])-$/u;
/** `= - 14`; elsewhere a minus with a space behind it subtracts or starts a list. */
const spacedSign = /[=:][ \t]*-[ \t]+$/;

/** How far back a sign and a currency sign may stand. */
const signReach = 40;

/**
 * Numbers spelt plainly: digits of other scripts, typographic minus signs, LaTeX's spacing, apostrophes between thousands,
 * and `1.234,50` as `1234.50`. A lone `1.234` stays a decimal and `1,234` thousands, as in English: the text does not
 * tell which is meant.
 */
export function plainNumbers(text: string): string {
  return plainDigits(text)
    .replaceAll(/[−–]/g, '-')
    .replaceAll('{,}', ',')
    .replaceAll(/\\[,!;]/g, '')
    .replaceAll(/(?<=\d)['’ʼ](?=\d{3}(?!\d))/g, '')
    .replaceAll(continental, (number) => number.replaceAll('.', '').replace(',', '.'));
}

/** Points between thousands and one decimal comma; three decimals behind one group of thousands would be a guess. */
const continental =
  /(?<![\d.,])(?:\d{1,3}(?:\.\d{3}){1,9},(?!\d{3}(?!\d))\d{1,99}|\d{1,3}(?:\.\d{3}){2,9}(?:,\d{1,99})?)(?![\d,]|\.\d)/g;

/** `٤٢` and `４２` as `42`, with the decimal signs that go with them. */
export function plainDigits(text: string): string {
  return text
    .replaceAll(/(?<=\p{Nd})[．٫](?=\p{Nd})/gu, '.')
    .replaceAll(/(?<=\p{Nd})[，٬](?=\p{Nd})/gu, ',')
    .replaceAll(/(?![0-9])\p{Nd}/gu, digitValue);
}

/** Unicode's decimal digits stand in tens, from code points that end in 0 or 6; the mathematical ones normalise. */
function digitValue(digit: string): string {
  const normalised = digit.normalize('NFKC');
  if (/^[0-9]$/.test(normalised)) return normalised;
  const code = digit.codePointAt(0)!;
  const place = code % 16;
  const startsAtZero = /\p{Nd}/u.test(String.fromCodePoint(code - place));
  return String(startsAtZero ? place : place - 6);
}

const power = /(?<![\p{L}\d.,^_)\]]|\^\{)(\d{1,6})\s?\^\s?(?:\{\s?([+-]?\d{1,3})\s?\}|(\d{1,3})(?!\d))(?!\s?\^)/gu;
/** More digits than any answer has: what is longer is not read. */
const longestPower = 400;

/** `10^3` as `1000`, `2^{-1}` as `1/2`. */
export function plainPowers(text: string): string {
  return text.replaceAll(power, (all, base: string, braced: string | undefined, bare: string | undefined) => {
    const exponent = Number(braced ?? bare);
    if (base.length * Math.abs(exponent) > longestPower) return all;
    const value = BigInt(base) ** BigInt(Math.abs(exponent));
    return exponent < 0 ? `1/${value}` : String(value);
  });
}

/** Whether the number that starts at an index is negative; a currency sign may stand between (`-$5`). */
export function isNegative(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - signReach), index).replace(/\\?[\p{Sc}]\s?$/u, '');
  return attachedSign.test(before) || spacedSign.test(before);
}

/** For a place that begins with its answer: there `- 14` is a signed number, not a subtraction. */
export function signedPlace(place: string): string {
  return place.replace(/^([\s$({*]*)-[ \t]{1,20}(?=[\d.\\\p{Sc}])/u, '$1-');
}

/** A digit glued to a letter is part of a name (`x2`), not a value. */
export function isGluedToName(text: string, index: number): boolean {
  return /[\p{L}_]/u.test(text.charAt(index - 1));
}
