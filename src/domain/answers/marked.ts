/** Where a response says "this is my answer": in `\boxed{}`, behind `####`, or in a sentence with "the answer is". */

/** What stands in each `\boxed{}` or `\fbox{}`, inner braces included; `\boxed 5` without braces counts too (MATH has it). */
export function boxedContents(text: string): string[] {
  const contents: string[] = [];
  for (const opening of text.matchAll(/\\(?:boxed|fbox)(?:\s*(\{)|\s+(-?\d[^\s{$\\]*))/g)) {
    const [, brace, number = ''] = opening;
    if (brace === undefined) {
      contents.push(number.replace(/[.,;]+$/, ''));
      continue;
    }
    const from = opening.index + opening[0].length;
    const end = closingBrace(text, from);
    if (end !== undefined) contents.push(text.slice(from, end));
  }
  return contents;
}

/** The index of the brace that closes one opened before `from`; `\{` and `\}` are signs, not braces. */
function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    const character = text[index];
    if (character === '\\') index += 1;
    else if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
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
    const answers = places.map(read).filter((answer) => answer !== null);
    if (answers.length > 0) return answers.at(-1)!;
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
