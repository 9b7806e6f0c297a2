/** Mathematical expressions in LaTeX: MATH's answers. The grading port decides equality (`sameMath` settles most). */
import { closingValue, onlyValue } from './closing-sentence';
import { hashedAnswers, lastBoxed, lastMarked, longestAnswer, statedAnswers, untilStable } from './marked';
import { plainDigits } from './numerals';
import { mathSegments } from './segments';

/** More words than these beside the mathematics are prose. */
const mostWords = 4;

/**
 * The expression in the last `\boxed{}`, behind the last `####`, in the last sentence with "answer is", the one value of the
 * last sentence, or a text that is nothing but an expression; `null` if there is none. Adjacent boxes are one answer.
 * White space is collapsed. An answer that would read as prose by itself keeps its `\boxed{}`.
 */
export function parseMath(text: string): string | null {
  return untilStable(plainDigits(text), markedExpression);
}

function markedExpression(text: string): string | null {
  const boxed = lastBoxed(text, boxedExpression, (answers) => boxedExpression(answers.map(withoutBox).join(', ')));
  return boxed === undefined ? unboxedExpression(text) : boxed;
}

function boxedExpression(content: string): string | null {
  const expression = tidied(content);
  if (expression === '' || expression === '\\boxed{}') return null;
  return markedExpression(expression) === expression ? expression : `\\boxed{${expression}}`;
}

function withoutBox(answer: string): string {
  return /^\\boxed\{([\s\S]*)\}$/.exec(answer)?.[1] ?? answer;
}

function unboxedExpression(text: string): string | null {
  const places = [() => hashedAnswers(text), () => statedAnswers(text)];
  return lastMarked(places, statedExpression) ?? bareOrNull(closingValue(text)) ?? bareExpression(text);
}

/** A place either begins with its expression, or introduces it in words: then it is the only mathematical segment. */
function statedExpression(place: string): string | null {
  const segments = mathSegments(place);
  if (segments.length === 0) return bareExpression(place) ?? bareOrNull(onlyValue({ text: place, segments }));
  return bareOrNull(onlyValue({ text: place, segments }) ?? (segments[0]!.from === 0 ? segments[0]!.content : null));
}

function bareOrNull(text: string | null): string | null {
  return text === null ? null : bareExpression(text);
}

/** One line of mathematics with few words, or a single word; anything else is prose, or a box that was never closed. */
function bareExpression(text: string): string | null {
  if (text.length > longestAnswer || text.trim().includes('\n\n')) return null;
  const expression = tidied(text);
  const words = expression.replaceAll(/\\[A-Za-z]+\s*(?:\{[^{}]*\})?/g, ' ').match(/\p{L}{2,}/gu) ?? [];
  if (/\\(?:boxed|fbox)|(?<!\\)\$/.test(expression) || !/[\p{L}\d]/u.test(expression)) return null;
  const isMathematical = /[\d\\+*/^=<>∞π]/u.test(expression) || !/\s/.test(expression);
  return expression !== '' && isMathematical && words.length <= mostWords && !/[?!]$/.test(expression)
    ? expression
    : null;
}

/** Most layers of marks that are removed; text nested deeper is not an answer. */
const mostLayers = 10;

/** Without enclosing `$`, surrounding space, emphasis, a currency sign and a period at the end. */
function tidied(text: string): string {
  let after = text.replaceAll(/\s+/g, ' ');
  for (let layer = 0; layer < mostLayers; layer += 1) {
    const before = after;
    after = withoutMoney(before.trim())
      .replace(/^\*\*([\s\S]*)\*\*$/, '$1')
      .replace(/^\$+([^$]*[^$\\])\$+$/, '$1');
    after = after.slice(0, endOf(after));
    if (after === before) return after;
  }
  return '';
}

/** `$1,000.99` and `5 €` as numbers; `\$5` stays, for the grader knows it. */
function withoutMoney(text: string): string {
  const match = /^([+-]?)\p{Sc}?\s?([+-]?\d[\d.,]*)\s?\p{Sc}?$/u.exec(text);
  return match === null || !/\p{Sc}/u.test(text) ? text : `${match[1]}${match[2]}`;
}

/** Index of the trailing punctuation; a period after `\left`, `\right` or a backslash is mathematics. */
function endOf(text: string): number {
  let end = text.length;
  while (
    end > 0 &&
    '.,;:'.includes(text[end - 1]!) &&
    !/\\(?:left|right)?$/.test(text.slice(Math.max(0, end - 7), end - 1))
  )
    end -= 1;
  return end;
}
