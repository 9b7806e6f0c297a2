/** Short texts: a name, a word, a phrase. */
import { hashedAnswers, lastBoxed, lastMarked, longestAnswer, statedAnswers, untilStable } from './marked';

/**
 * The text in the last `\boxed{}`, behind the last `####`, in the last sentence with "answer is", or the last line that is
 * not empty, in this order; without case, quotation marks, surrounding punctuation and superfluous space. `null` if
 * nothing else is left.
 */
export function parseText(text: string): string | null {
  return untilStable(text, markedText);
}

function markedText(text: string): string | null {
  const boxed = lastBoxed(text, normalised, (answers) => answers.join(', '));
  if (boxed !== undefined) return boxed;
  const marked = [() => hashedAnswers(text), () => statedAnswers(text)];
  return lastMarked(marked, normalised) ?? lastLine(text);
}

function lastLine(text: string): string | null {
  for (let end = text.length; end >= 0;) {
    const start = text.lastIndexOf('\n', end - 1) + 1;
    const line = end - start > longestAnswer ? null : normalised(text.slice(start, end));
    if (line !== null || start === 0) return line;
    end = start - 1;
  }
  return null;
}

/** Punctuation around a text; not the sign of `-5`, the period of `.NET`, nor what ends `C#` and `O-`. */
const leading = /^(?:[\s"'“”‘’`*_$,;:!?#=()[\]]|[-.](?![\p{L}\d]))+/u;
const trailing = /[\s"'“”‘’`*_$.,;:!?=()[\]]/u;

/** Trimmed until nothing changes, so that a normalised text stays as it is. */
function normalised(text: string): string | null {
  let [before, after] = ['', text.normalize('NFKC').toLowerCase()];
  while (after !== before) {
    before = after;
    after = before
      .replace(/^\s*\\(?:text|textbf|mathrm|mbox)\s*\{([^{}]*)\}\s*$/u, '$1')
      .replaceAll(/\s+/gu, ' ')
      .replace(leading, '');
    after = after.slice(0, endOf(after));
  }
  return after === '' ? null : after;
}

/** Index of the trailing punctuation. Scans from the end: a pattern would be tried at each place of a long run. */
function endOf(text: string): number {
  let end = text.length;
  while (end > 0 && (trailing.test(text[end - 1]!) || (/[-#]/.test(text[end - 1]!) && !endsInWord(text, end - 1))))
    end -= 1;
  return end;
}

function endsInWord(text: string, end: number): boolean {
  return /[\p{L}\d]$/u.test(text.slice(Math.max(0, end - 2), end));
}
