/** Choices: the letter of a multiple-choice answer, for any number of choices. */
import { boxedContents, statedAnswers } from './marked';

/** `B`, `(b)`, `\text{(B)}`, `option B`, `B. Paris`, `B) Paris`: the whole place, or its beginning. */
const leadingLetter =
  /^\s*(?:(?:the\s+)?(?:option|choice|letter)\s+)?(?:\\(?:text|textbf|mathrm|mathbf)\s*\{\s*)?["'“*]*(?:\(\s*([A-Za-z])\s*\)|\[([A-Za-z])\]|([A-Za-z])(?![\p{L}\d'’]))/iu;
/** `(C)` in running text; not an argument (`f(X)`). */
const bracketedLetter = /(?<![\p{L}\d)\]}_])\(\s*([A-Z])\s*\)/gu;
/** A line that is nothing but a letter: `C`, `C.`, `**C**`, `C) Paris`. */
const letterLine = /^[\s*"“]*([A-Z])(?:[.)*"”]+(?:\s[^\n]*)?|\s*)$/gmu;

/**
 * The letter, in upper case: in the last `\boxed{}`, else in the last of "answer is X", "Answer: X" and `(X)`, else on the
 * last line that is only a letter. `null` where there is none.
 */
export function parseChoice(text: string): string | null {
  const boxed = boxedContents(text)
    .map(letterOf)
    .filter((letter) => letter !== null);
  if (boxed.length > 0) return boxed.at(-1)!;
  return lastStatement(text) ?? [...text.matchAll(letterLine)].at(-1)?.[1] ?? loneLetter(text);
}

/** A statement may be followed by brackets of its own (`the answer is B, not (A)`), so a stated letter goes first. */
function lastStatement(text: string): string | null {
  const stated = statedAnswers(text)
    .map(statedLetter)
    .filter((letter) => letter !== null);
  const bracketed = [...text.matchAll(bracketedLetter)].at(-1)?.[1];
  return stated.at(-1) ?? bracketed ?? null;
}

function letterOf(place: string): string | null {
  const match = leadingLetter.exec(place);
  return (match?.[1] ?? match?.[2] ?? match?.[3])?.toUpperCase() ?? null;
}

/** `the answer is a number` names no choice: a small letter, or the word A or I, must stand by itself. */
function statedLetter(place: string): string | null {
  const match = leadingLetter.exec(place);
  const bare = match?.[3];
  const behind = place.slice(match?.[0].length ?? 0);
  const isWord = bare !== undefined && /[a-zAI]/.test(bare) && /^\s+(?!(?:because|since|as|for)\b)[a-z]/.test(behind);
  return isWord ? null : letterOf(place);
}

function loneLetter(text: string): string | null {
  return /^\s*\(?([A-Za-z])\)?[.\s]*$/.exec(text)?.[1]?.toUpperCase() ?? null;
}
