/** Mathematical expressions in LaTeX: what MATH's answers are. Equality is the grading port's (`sameMath` settles most). */
import { boxedContents, hashedAnswers, lastMarked, longestAnswer, statedAnswers, untilStable } from './marked';

/** `$$…$$`, `$…$`, `\[…\]`, `\(…\)`. */
const mathSegment = /\$\$([^$]+)\$\$|(?<!\\)\$((?:[^$\\]|\\[\s\S])+)\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)/g;
/** More words than these beside the mathematics are prose. */
const mostWords = 4;

/**
 * The expression in the last `\boxed{}`, behind the last `####`, in the last sentence with "answer is", the last
 * mathematical segment, or a text that is nothing but an expression; `null` where there is none. White space is single. An
 * answer that would read as prose by itself keeps its `\boxed{}`.
 */
export function parseMath(text: string): string | null {
  return untilStable(text, markedExpression);
}

function markedExpression(text: string): string | null {
  return lastMarked([boxedContents(text)], boxedExpression) ?? unboxedExpression(text);
}

function boxedExpression(content: string): string | null {
  const expression = tidied(content);
  if (expression === '' || expression === '\\boxed{}') return null;
  return markedExpression(expression) === expression ? expression : `\\boxed{${expression}}`;
}

function unboxedExpression(text: string): string | null {
  const places = [hashedAnswers(text), statedAnswers(text).map(withoutProse), mathSegments(text)];
  return lastMarked(places, bareExpression) ?? bareExpression(text);
}

/** A sentence may lead to its expression in words: then the expression is the mathematical segment. */
function withoutProse(sentence: string): string {
  return mathSegments(sentence).at(-1) ?? sentence;
}

function mathSegments(text: string): string[] {
  return [...text.matchAll(mathSegment)].map((match) => match.slice(1).find((part) => part !== undefined) ?? '');
}

/** One line of mathematics with few words, or a single word; anything else is prose, or a box that was never closed. */
function bareExpression(text: string): string | null {
  if (text.length > longestAnswer) return null;
  if (text.trim().includes('\n\n')) return null;
  const expression = tidied(text);
  const words = expression.replaceAll(/\\[A-Za-z]+\s*(?:\{[^{}]*\})?/g, ' ').match(/\p{L}{2,}/gu) ?? [];
  if (/\\(?:boxed|fbox)|(?<!\\)\$/.test(expression) || !/[\p{L}\d]/u.test(expression)) return null;
  const isMathematical = /[\d\\+*/^=<>∞π]/u.test(expression) || !/\s/.test(expression);
  return expression !== '' && isMathematical && words.length <= mostWords && !/[?!]$/.test(expression)
    ? expression
    : null;
}

/** Without enclosing `$`, surrounding space, emphasis and a period at the end. */
function tidied(text: string): string {
  let [before, after] = ['', text.replaceAll(/\s+/g, ' ')];
  while (after !== before) {
    before = after;
    after = before
      .trim()
      .replace(/^\$(?=[\d.]+$)/, '')
      .replace(/^\*\*([\s\S]*)\*\*$/, '$1')
      .replace(/^\$+([^$]*[^$\\])\$+$/, '$1')
      .replace(/(?<!\\|\\left|\\right)[.,;:]+$/, '');
  }
  return after;
}
