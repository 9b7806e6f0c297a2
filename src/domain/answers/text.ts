/** Short texts: a name, a word, a phrase. */
import { boxedContents, hashedAnswers, lastMarked, longestAnswer, statedAnswers, untilStable } from './marked';

/**
 * The text in the last `\boxed{}`, behind the last `####`, in the last sentence with "answer is", or the last line that is
 * not empty, in this order; without case, quotation marks, surrounding punctuation and superfluous space. `null` where
 * nothing but those is left.
 */
export function parseText(text: string): string | null {
  return untilStable(text, markedText);
}

function markedText(text: string): string | null {
  const lines = text.split('\n').filter((line) => line.length <= longestAnswer && normalised(line) !== null);
  const marked = [boxedContents(text), hashedAnswers(text), statedAnswers(text), lines.slice(-1)];
  return lastMarked(marked, normalised);
}

/** Punctuation around a text; not the sign of `-5`, the period of `.NET`, nor what ends `C#` and `O-`. */
const leading = /^(?:[\s"'“”‘’`*_$,;:!?#=()[\]]|[-.](?![\p{L}\d]))+/u;
const trailing = /(?:[\s"'“”‘’`*_$.,;:!?=()[\]]|(?<![\p{L}\d])[-#])+$/u;

/** Trimmed until nothing changes, so that a normalised text stays as it is. */
function normalised(text: string): string | null {
  let [before, after] = ['', text.normalize('NFKC').toLowerCase()];
  while (after !== before) {
    before = after;
    after = before
      .replace(/^\s*\\(?:text|textbf|mathrm|mbox)\s*\{([^{}]*)\}\s*$/u, '$1')
      .replaceAll(/\s+/gu, ' ')
      .replace(leading, '')
      .replace(trailing, '');
  }
  return after === '' ? null : after;
}
