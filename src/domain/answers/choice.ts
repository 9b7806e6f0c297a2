/** Choices: the letter of a multiple-choice answer, for any number of choices. */
import { lastBoxed, lastMarked, statedAnswers } from './marked';

/** `B`, `(b)`, `option B`, `B. Paris`, `B) Paris`: the whole place, or its beginning. */
const leadingLetter =
  /^\s*(?:(?:the\s+)?(?:option|choice|letter)\s+)?["'“*]*(?:\(\s*([A-Za-z])\s*\)|\[([A-Za-z])\]|([A-Za-z])(?![\p{L}\d'’]))/iu;
/** What LaTeX and Markdown put before a letter: `$C$`, `\(C\)`, `\text{C}`. */
const wrapping = /^(?:[\s$*]|\\[([]|\\(?:text|textbf|mathrm|mathbf)\s*\{)+/;
/** `(C)` in running text; not an argument (`f(X)`). */
const bracketedLetter = /(?<![\p{L}\d)\]}_])\(\s*([A-Z])\s*\)/gu;
/** A line that is nothing but a letter: `C`, `C.`, `**C**`, `C) Paris`. */
const letterLine = /^[\s*"“]*([A-Z])(?:[.)*"”]+(?:\s[^\n]*)?|\s*)$/u;
/** A last line that holds a letter and nothing else, as the prompt asks for it: `(C)`, `**C**`. */
const ownLine = /^[\s*"“]*(?:\(\s*([A-Z])\s*\)|([A-Z]))[\s.*"”]*$/u;
/** "answer is", "the correct option is", "I choose". */
const lead = String.raw`(?:answer|option|choice)\b\s{0,9}\*{0,9}\s{0,9}(?:is|:|=)|(?:choose|pick|select)\b`;
/** What follows a letter that belongs to a formula (`E = mc^2`, `V(t)`, `a \cdot b`) and so names no choice. */
const formula = /^\s{0,9}(?:[=+^_<>(|&/≤≥≠≈·×÷]|-(?!\s?\p{L}{2})|\\(?!text|mathrm|[)\],;! ]))/u;

/**
 * The letter, in upper case: in the last `\boxed{}`, else alone on the last line, else in the last of "answer is X" and
 * "Answer: X", else the last `(X)`, else on the last line that begins with a letter outside a list of the options.
 * `null` if there is none.
 */
export function parseChoice(text: string): string | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const boxed = lastBoxed(text, letterOf);
  if (boxed !== undefined) return boxed;
  return ownLineLetter(lines) ?? lastStatement(text) ?? lastLetterLine(lines) ?? loneLetter(text);
}

function ownLineLetter(lines: readonly string[]): string | null {
  const match = ownLine.exec(lines.at(-1) ?? '');
  return match?.[1] ?? match?.[2] ?? null;
}

/** A stated letter goes first, because brackets may follow it (`the answer is B, not (A)`). */
function lastStatement(text: string): string | null {
  const stated = lastMarked([() => statedAnswers(text, lead)], statedLetter);
  return stated ?? [...text.matchAll(bracketedLetter)].at(-1)?.[1] ?? null;
}

/** Ignores letters in alphabetical order on adjacent lines: they repeat the options and choose none. */
function lastLetterLine(lines: readonly string[]): string | null {
  const letters = lines.map((line) => letterLine.exec(line)?.[1]);
  const chosen = letters.filter(
    (letter, index) =>
      letter !== undefined && !follows(letters[index - 1], letter) && !follows(letter, letters[index + 1]),
  );
  return chosen.at(-1) ?? null;
}

/** Whether a letter is the next one of the alphabet. */
function follows(letter: string | undefined, next: string | undefined): boolean {
  return letter !== undefined && next?.charCodeAt(0) === letter.charCodeAt(0) + 1;
}

function letterOf(place: string): string | null {
  const plain = place.replace(wrapping, '');
  const match = leadingLetter.exec(plain);
  if (match?.[3] !== undefined && formula.test(plain.slice(match[0].length))) return null;
  return (match?.[1] ?? match?.[2] ?? match?.[3])?.toUpperCase() ?? null;
}

/** `the answer is a number` names no choice: a small letter, or the word A or I, must stand by itself. */
function statedLetter(place: string): string | null {
  const plain = place.replace(wrapping, '');
  const match = leadingLetter.exec(plain);
  const bare = match?.[3];
  const behind = plain.slice(match?.[0].length ?? 0);
  const isWord = bare !== undefined && /[a-zAI]/.test(bare) && /^\s+(?!(?:because|since|as|for)\b)[a-z]/.test(behind);
  return isWord ? null : letterOf(place);
}

function loneLetter(text: string): string | null {
  return /^\s*\(?([A-Za-z])\)?[.\s]*$/.exec(text)?.[1]?.toUpperCase() ?? null;
}
