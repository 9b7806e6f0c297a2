/**
 * Where a response says "this is my answer": in `\boxed{}`, behind `####`, or in a sentence with "the answer is". Work
 * is linear in the text: one pass for each kind of mark, and a bounded part of each marked place is read.
 */
import { joinsAnswers } from './segments';

/** Longer than any answer: a model that ran away. It is not read. */
export const longestAnswer = 2000;

/** Only the last marks of each kind are read, since a looping model writes thousands. */
const mostPlaces = 20;

/** How much of a line to read: enough for a sentence of `longestAnswer`, and to see that a longer one exceeds it. */
const sentenceReach = longestAnswer + 100;

interface Box {
  content: string;
  /** Index where its command begins, and the index after its end. */
  from: number;
  to: number;
}

interface OpenBrace {
  /** Index of the first character inside. */
  inside: number;
  /** If it opens a box: the index of that box, and where its command begins. */
  box?: { place: number; from: number };
}

/**
 * The contents of each `\boxed{}` or `\fbox{}`, inner braces included, in the order of their openings; `\boxed 5`
 * without braces counts too (MATH has it). One pass, however deeply nested; the last 20.
 */
export function boxedContents(text: string): string[] {
  return boxesIn(text).map(({ content }) => content);
}

function boxesIn(text: string): Box[] {
  const boxes: (Box | undefined)[] = [];
  const open: OpenBrace[] = [];
  // `\{` and `\}` are signs, not braces; `\\boxed` is `\boxed` escaped twice.
  for (const sign of text.matchAll(
    /\\(?:boxed|fbox)(?:\s*(\{)|\s+(-?\d[^\s{}$\\]*))|\\(?!\\(?:boxed|fbox))[\s\S]|[{}]/g,
  )) {
    const [all, brace, number] = sign;
    const to = sign.index + all.length;
    if (number !== undefined) boxes.push({ content: number.replace(/[.,;]{1,9}$/, ''), from: sign.index, to });
    else if (brace !== undefined)
      open.push({ inside: to, box: { place: boxes.push(undefined) - 1, from: sign.index } });
    else if (all === '{') open.push({ inside: to });
    else if (all === '}') {
      const { inside = 0, box } = open.pop() ?? {};
      if (box !== undefined) boxes[box.place] = { content: text.slice(inside, sign.index), from: box.from, to };
    }
  }
  return boxes.filter((box) => box !== undefined).slice(-mostPlaces);
}

/** Groups of boxes that are one answer together, the last group first; within a group in text order. */
function boxGroups(text: string): string[][] {
  const groups: Box[][] = [];
  for (const box of boxesIn(text).reverse()) {
    const next = groups.at(-1)?.[0];
    const gap = next === undefined || box.to > next.from ? undefined : text.slice(box.to, next.from);
    if (gap !== undefined && joinsAnswers(gap)) groups.at(-1)?.unshift(box);
    else groups.push([box]);
  }
  return groups.map((group) => group.map(({ content }) => content));
}

/**
 * The answer in the last box that holds one; `undefined` if no box does.
 * @param together Combines different answers of adjacent boxes into one; by default they give `null`.
 */
export function lastBoxed(
  text: string,
  read: (content: string) => string | null,
  together: (answers: string[]) => string | null = () => null,
): string | null | undefined {
  for (const group of boxGroups(text)) {
    const answers = new Set(group.map((content) => readPlace(content, read)).filter((answer) => answer !== null));
    if (answers.size === 1) return [...answers][0];
    if (answers.size > 1) return together([...answers]);
  }
  return undefined;
}

/** The rest of the line behind each of the last `####`, GSM8K's mark of the final answer. */
export function hashedAnswers(text: string): string[] {
  return [...text.matchAll(/####[ \t]*([^\n]*)/g)].slice(-mostPlaces).map(([, rest = '']) => rest);
}

const answerLead = String.raw`answer\b\s{0,9}\*{0,9}\s{0,9}(?:is|:|=)`;

/** The rest of the sentence behind each of the last "answer is", "Answer:" or "answer ="; a line may hold several. */
export function statedAnswers(text: string, lead = answerLead): string[] {
  const ends = [...text.matchAll(new RegExp(String.raw`\b(?:${lead})[\s:*]*`, 'giu'))].map(
    ({ 0: all, index }) => index + all.length,
  );
  return ends
    .slice(-mostPlaces)
    .map((end) => firstSentence(text.slice(end, end + sentenceReach)))
    .filter((rest) => rest !== '');
}

/** Up to a period that ends a sentence (no decimal point, no `a.m.` in the middle); without Markdown's emphasis. */
function firstSentence(text: string): string {
  const [line = ''] = text.split('\n', 1);
  const [sentence = ''] = line.split(/(?<=[^\s.]{2}|[\d)}\]$*])\.(?=\s+\p{L}|\s*$)/u);
  return sentence.replaceAll('**', '').trim();
}

/** The answer in the last marked place that holds one; kinds of places in order of preference. */
export function lastMarked(kinds: readonly (() => string[])[], read: (place: string) => string | null): string | null {
  for (const places of kinds) {
    for (const place of places().reverse()) {
      const answer = readPlace(place, read);
      if (answer !== null) return answer;
    }
  }
  return null;
}

function readPlace(place: string, read: (place: string) => string | null): string | null {
  return place.length > longestAnswer ? null : read(place);
}

/** Most nested marks that are read; an answer nested deeper is not found. */
const mostLayers = 20;

/** Reads an answer again until it no longer changes, since it may itself contain a mark. */
export function untilStable(text: string, read: (text: string) => string | null): string | null {
  let answer = read(text);
  for (let layer = 0; answer !== null && layer < mostLayers; layer += 1) {
    const next = read(answer);
    if (next === answer) return answer;
    answer = next;
  }
  return null;
}
