/** Parses what a model wrote into a comparable answer: one set of rules per answer type, each in its own file. */
import { parseChoice } from './answers/choice';
import { parseInteger } from './answers/integer';
import { parseMath } from './answers/math';
import { parseNumber } from './answers/number';
import { parseText } from './answers/text';

export const answerTypes = ['number', 'math', 'choice', 'text', 'integer'] as const;
export type AnswerType = (typeof answerTypes)[number];

export interface AnswerRules {
  /**
   * The normalised answer of a response or a reference; `null` if none parses. Parsing a parsed answer returns it
   * unchanged, so parsed answers and whole solutions may be mixed.
   */
  parse(text: string): string | null;
  /** Equality of two normalised answers, for types that can decide it by themselves; others ask the grading port. */
  equal?(a: string, b: string): boolean;
}

/** For types whose normalised answers are equal only if they are spelt the same. */
const sameSpelling = (a: string, b: string): boolean => a === b;

export const answerRules: Record<AnswerType, AnswerRules> = {
  integer: { parse: parseInteger, equal: sameSpelling },
  number: { parse: parseNumber, equal: sameSpelling },
  choice: { parse: parseChoice, equal: sameSpelling },
  text: { parse: parseText, equal: sameSpelling },
  math: { parse: parseMath },
};

export { parseInteger } from './answers/integer';
export { holdsSeveralNumbers, marksAnswer } from './answers/number';
export { sameMath } from './answers/math-spelling';
export { answerInMessage } from './answers/json-message';
export { saidIn, withoutThinking } from './answers/thinking';
