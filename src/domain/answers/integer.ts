/** Integers: the answers of Arithmetic. */
import { lastBoxed } from './marked';
import { isGluedToName, isNegative, numeral, plainNumbers, plainPowers, signedPlace } from './numerals';

const numberPattern = new RegExp(numeral, 'gu');

/** Answers stand in histories; more digits than these are a model that ran away. */
const longestInteger = 10_000;

/**
 * The integer at the end of a text, or in its last `\boxed{}` that holds one. Thousands separators, currency signs, a
 * fraction of zeros and a trailing period are tolerated; `null` if there is no number, or the last one is not an
 * integer or has more than 10,000 digits. Digits stay text, so no length loses precision.
 */
export function parseInteger(text: string): string | null {
  const plain = plainPowers(plainNumbers(text));
  const boxed = lastBoxed(plain, (place) => lastInteger(signedPlace(place)));
  return boxed === undefined ? lastInteger(plain) : boxed;
}

function lastInteger(text: string): string | null {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(numberPattern)) if (!isGluedToName(text, match.index)) last = match;
  return last === undefined ? null : canonicalInteger(last[0], isNegative(text, last.index));
}

/** `007` -> `7`, `1,234.00` -> `1234`, minus zero -> `0`; `null` for `3.5` and `1e5`. */
function canonicalInteger(digits: string, negative: boolean): string | null {
  const match = /^([\d,]+)(?:\.0+)?$/.exec(digits);
  if (match === null || digits.length > longestInteger) return null;
  const magnitude = match[1]!.replaceAll(',', '').replace(/^0+(?=\d)/, '');
  return negative && magnitude !== '0' ? `-${magnitude}` : magnitude;
}
