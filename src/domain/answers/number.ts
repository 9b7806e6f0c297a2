/** Numbers: the answers of GSM8K. Exact: fractions are kept as fractions, digits are never rounded. */
import { boxedContents, hashedAnswers, lastBoxed, lastMarked, statedAnswers } from './marked';
import { isGluedToName, isNegative, numeral, plainNumbers, plainPowers, signedPlace } from './numerals';

/** `3 1/2`, `10/3` or a plain number. */
const valuePattern = new RegExp(
  String.raw`(?<whole>\d+)\s+(?<part>\d+)\s*/\s*(?<of>\d+)|(?<top>${numeral})(?:\s*/\s*(?<bottom>${numeral}))?`,
  'gu',
);
/** Longest number and largest exponent that are taken for an answer; more is a model that ran away. */
const longestNumeral = 400;

/** A place that begins with its number, after brackets, emphasis and signs. */
const numberFirst = /^[\s$*({\\-]*\p{Sc}?\s?-?\.?\d/u;
/** `1 000 000` */
const spacedThousands = /(?<![\d.,/])\d{1,3}(?: \d{3})+(?![\d/])/g;
// Starts at the first digit of a number only: starting at each digit would read a long number once per digit.
const scientific =
  /(?<!\d|\d[.,])(\d(?:[\d.,]{0,60}\d)?)\s{0,9}(?:\\times|\\cdot|×|\*)\s{0,9}10\s{0,9}\^\s{0,9}\{?\s{0,9}([+-]?\d+)\s{0,9}\}?/g;

/**
 * The number in the last `\boxed{}`, behind the last `####`, in the last sentence with "answer is", or the last of the
 * text, in this order. In a marked place it is the first number if the place begins with it or with an equation (units
 * or remarks may follow: `18 dollars for 7 days`), and the last if words introduce it. Commas, currency signs, units,
 * `%`, trailing zeros, fractions (`1/2`, `\frac{1}{2}`, `3 1/2`, `½`), exponents and powers of numbers (`10^3`) are
 * read; the exponent of a unit (`cm^2`) is not. Different numbers in adjacent boxes give no answer. Normalised to a
 * decimal without trailing zeros (`0.5`), or to a reduced fraction if no decimal is exact (`10/3`). `null` if nothing
 * parses.
 */
export function parseNumber(text: string): string | null {
  const plain = plainFractions(plainNumbers(text));
  const boxed = lastBoxed(plain, markedNumber);
  if (boxed !== undefined) return boxed;
  const marked = [() => hashedAnswers(plain), () => statedAnswers(plain)];
  return lastMarked(marked, markedNumber) ?? lastNumber(plain);
}

/** Whether a text holds more than one number, which makes picking one a guess. */
export function holdsSeveralNumbers(text: string): boolean {
  const values = valuesIn(plainFractions(plainNumbers(text)));
  return !values.next().done && !values.next().done;
}

/** Whether a text marks its answer, in any of the ways that `parseNumber` reads. */
export function marksAnswer(text: string): boolean {
  return [boxedContents(text), hashedAnswers(text), statedAnswers(text)].some(({ length }) => length > 0);
}

function markedNumber(place: string): string | null {
  const result = place.slice(place.lastIndexOf('=') + 1);
  const plain = signedPlace(/\d/.test(result) ? result : place).replaceAll(spacedThousands, (number) =>
    number.replaceAll(' ', ''),
  );
  return numberFirst.test(plain) ? numberOf(plain, valuesIn(plain).next().value) : lastNumber(plain);
}

const fraction = /\\[dtc]?frac\s{0,9}\{\s{0,9}(-?)\s{0,9}([\d.,]+)\s{0,9}\}\s{0,9}\{\s{0,9}([\d.,]+)\s{0,9}\}/g;

/** `\frac{1}{2}`, `\dfrac12` and `½` as `1/2`, apart from a whole number before it. */
function plainFractions(text: string): string {
  const scaled = text
    .replaceAll(/(?:[\u2009\u202F]|(?<=\d)(?:\\ |~))(?=\d{3}(?!\d))/g, '')
    .replaceAll(scientific, '$1e$2');
  return plainPowers(scaled)
    .replaceAll(fraction, ' $1$2/$3')
    .replaceAll(/\\[dtc]?frac\s{0,9}(\d)\s{0,9}(\d)/g, ' $1/$2')
    .replaceAll(/(-?)([¼-¾⅐-⅞])/g, (_, sign: string, fraction: string) => ` ${sign}${fraction.normalize('NFKC')}`)
    .replaceAll('⁄', '/')
    .replaceAll(/-\s{1,20}(?=\d{1,400}\/\d)/g, '-');
}

function lastNumber(text: string): string | null {
  let last: RegExpExecArray | undefined;
  for (const match of valuesIn(text)) last = match;
  return numberOf(text, last);
}

function* valuesIn(text: string): Generator<RegExpExecArray, undefined> {
  for (const match of text.matchAll(valuePattern)) if (isValue(text, match.index)) yield match;
}

function numberOf(text: string, match: RegExpExecArray | undefined): string | null {
  if (match === undefined) return null;
  const { whole, part, of, top, bottom } = match.groups ?? {};
  const value =
    whole === undefined ? quotient(fractionOf(top), fractionOf(bottom ?? '1')) : mixedNumber(whole, part, of);
  return value === undefined ? null : spelled(isNegative(text, match.index) ? negated(value) : value);
}

/** Neither part of a name (`x2`) nor an exponent (`cm^2`, `cm^{2}`). */
function isValue(text: string, index: number): boolean {
  return !isGluedToName(text, index) && !/\^\{?$/.test(text.slice(Math.max(0, index - 2), index));
}

interface Fraction {
  top: bigint;
  /** Above 0. */
  bottom: bigint;
}

/** `1,234.50` or `1.5e3` as a fraction; `undefined` if it is longer than any answer. */
function fractionOf(text: string | undefined): Fraction | undefined {
  const match = /^([\d,]*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text ?? '');
  if (match === null || match[0].length > longestNumeral) return undefined;
  const [, integer = '', decimals = '', exponent = '0'] = match;
  const power = Number(exponent) - decimals.length;
  if (Math.abs(power) > longestNumeral) return undefined;
  const digits = BigInt(`${integer.replaceAll(',', '')}${decimals}` || '0');
  const scale = 10n ** BigInt(Math.abs(power));
  return power >= 0 ? { top: digits * scale, bottom: 1n } : { top: digits, bottom: scale };
}

function quotient(value: Fraction | undefined, by: Fraction | undefined): Fraction | undefined {
  if (value === undefined || by === undefined || by.top === 0n) return undefined;
  return { top: value.top * by.bottom, bottom: value.bottom * by.top };
}

function mixedNumber(whole: string, part = '', of = ''): Fraction | undefined {
  const [units, share] = [fractionOf(whole), quotient(fractionOf(part), fractionOf(of))];
  if (units === undefined || share === undefined) return undefined;
  return { top: units.top * share.bottom + share.top, bottom: share.bottom };
}

function negated({ top, bottom }: Fraction): Fraction {
  return { top: -top, bottom };
}

/** Reduced; a decimal if one is exact. */
function spelled({ top, bottom }: Fraction): string {
  const divisor = greatestCommonDivisor(top < 0n ? -top : top, bottom);
  const [numerator, denominator] = [top / divisor, bottom / divisor];
  const decimals = decimalsOf(denominator);
  if (decimals === undefined) return `${numerator}/${denominator}`;
  const sign = numerator < 0n ? '-' : '';
  const magnitude = (numerator < 0n ? -numerator : numerator) * (10n ** BigInt(decimals) / denominator);
  const digits = magnitude.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Places of the exact decimal of 1/denominator: there is one if only 2 and 5 divide it. */
function decimalsOf(denominator: bigint): number | undefined {
  const count = (prime: bigint): [number, bigint] => {
    let [times, rest] = [0, denominator];
    for (; rest % prime === 0n; rest /= prime) times += 1;
    return [times, prime ** BigInt(times)];
  };
  const [[twos, byTwo], [fives, byFive]] = [count(2n), count(5n)];
  return byTwo * byFive === denominator ? Math.max(twos, fives) : undefined;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
