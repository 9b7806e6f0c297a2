/** Where a response says "this is my answer": in `\boxed{}`, behind `####`, or in a sentence with "the answer is". */

/** Longer than anybody's answer: a model that ran away. Nothing of it is read, which could take minutes. */
export const longestAnswer = 2000;

/**
 * What stands in each `\boxed{}` or `\fbox{}`, inner braces included, in the order of their openings; `\boxed 5` without
 * braces counts too (MATH has it). In one pass, however they are nested.
 */
export function boxedContents(text: string): string[] {
  const contents: (string | undefined)[] = [];
  // Of each brace that is open: where what it holds begins, and its place among the contents if it is a box's.
  const open: { from: number; box?: number }[] = [];
  // `\{` and `\}` are signs, not braces; in `\\boxed` somebody escaped twice.
  for (const sign of text.matchAll(
    /\\(?:boxed|fbox)(?:\s*(\{)|\s+(-?\d[^\s{}$\\]*))|\\(?!\\(?:boxed|fbox))[\s\S]|[{}]/g,
  )) {
    const [all, brace, number] = sign;
    const from = sign.index + all.length;
    if (number !== undefined) contents.push(number.replace(/[.,;]+$/, ''));
    else if (brace !== undefined) open.push({ from, box: contents.push(undefined) - 1 });
    else if (all === '{') open.push({ from });
    else if (all === '}') {
      const closed = open.pop();
      if (closed?.box !== undefined) contents[closed.box] = text.slice(closed.from, sign.index);
    }
  }
  return contents.filter((content) => content !== undefined);
}

/** The rest of the line behind each `####`, GSM8K's mark of the final answer. */
export function hashedAnswers(text: string): string[] {
  return [...text.matchAll(/####[ \t]*([^\n]*)/g)].map(([, rest = '']) => rest);
}

/** The rest of the sentence behind each "answer is", "Answer:" or "answer ="; a line may hold several. */
export function statedAnswers(text: string, lead = 'answer\\b\\s*\\**\\s*(?:is|:|=)'): string[] {
  // Looked at, not taken: the next statement may begin in the same sentence.
  const statements = text.matchAll(new RegExp(String.raw`\b(?:${lead})[\s:*]*(?=([^\n]*))`, 'giu'));
  return [...statements].map(([, rest = '']) => firstSentence(rest)).filter((rest) => rest !== '');
}

/** Up to a period that ends a sentence (no decimal point, no `a.m.` in the middle); without Markdown's emphasis. */
function firstSentence(line: string): string {
  const [sentence = ''] = line.split(/(?<=[^\s.]{2}|[\d)}\]$*])\.(?=\s+\p{L}|\s*$)/u);
  return sentence.replaceAll('**', '').trim();
}

/** The answer in the last of the marked places that holds one; kinds of places in order of preference. */
export function lastMarked(kinds: readonly string[][], read: (place: string) => string | null): string | null {
  for (const places of kinds) {
    // From the end, so that of many nested places no more are read than has to be.
    for (const place of places.toReversed()) {
      const answer = place.length > longestAnswer ? null : read(place);
      if (answer !== null) return answer;
    }
  }
  return null;
}

/** Reads an answer anew until it stays the same, so that an answer that holds a mark of its own is read once and for all. */
export function untilStable(text: string, read: (text: string) => string | null): string | null {
  let answer = read(text);
  for (let next = answer; next !== null; answer = next) {
    next = read(next);
    if (next === answer) break;
  }
  return answer;
}
