/** Integers: what Arithmetic's answers are. */
import { boxedContents, lastMarked } from './marked';
import { isGluedToName, isNegative, numeral, plainNumbers, signedPlace } from './numerals';

const numberPattern = new RegExp(numeral, 'gu');

/**
 * The integer at the end of a text, or in its last `\boxed{}` that holds one. Thousands separators, currency signs, a
 * fraction of zeros and a trailing period are tolerated; `null` where the last number is none or no integer. Digits are
 * kept as text, so that no length loses precision.
 */
export function parseInteger(text: string): string | null {
  const plain = plainNumbers(text);
  return lastMarked([boxedContents(plain)], (place) => lastInteger(signedPlace(place))) ?? lastInteger(plain);
}

function lastInteger(text: string): string | null {
  const last = [...text.matchAll(numberPattern)].filter(({ index }) => !isGluedToName(text, index)).at(-1);
  return last === undefined ? null : canonicalInteger(last[0], isNegative(text, last.index));
}

/** `007` -> `7`, `1,234.00` -> `1234`, minus zero -> `0`; `null` for `3.5` and `1e5`. */
function canonicalInteger(digits: string, negative: boolean): string | null {
  const match = /^([\d,]+)(?:\.0+)?$/.exec(digits);
  if (match === null) return null;
  const magnitude = match[1]!.replaceAll(',', '').replace(/^0+(?=\d)/, '');
  return negative && magnitude !== '0' ? `-${magnitude}` : magnitude;
}
