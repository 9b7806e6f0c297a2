/** What the method needs to know of a task: its problems, how an answer is read from a response, when two are equal. */
import type { Problem } from '../contract/problem';
import type { AnswerType } from '../domain/answers';
import type { Equality } from '../domain/voting';

/** A problem with its label, as the task draws it; the two are stored apart and travel apart from then on. */
export interface LabelledProblem extends Problem {
  /** The reference answer, normalised. */
  answer: string;
}

export interface DrawnProblems {
  eval: LabelledProblem[];
  /** Training problems of iteration 1..L at index 0..L-1; with `problems: fixed` one and the same array. */
  train: LabelledProblem[][];
}

/** Reads and compares answers; knows no reference answer, so label-free code may hold it. */
export interface AnswerReader {
  readonly answerType: AnswerType;
  /** The normalised answer of a response (or of a reference answer's text); `null` where none parses. */
  parse(response: string): string | null;
  /** Decides equality in this process; absent where the grading port must be asked. */
  readonly equal?: Equality;
}

export interface Task extends AnswerReader {
  readonly kind: string;
  /**
   * Draws the problems of a whole run; the same seed always draws the same. Training and evaluation never share an id or
   * a normalised question. Throws `InvalidRunSpec` where more are asked for than there are.
   */
  draw(seed: number, iterations: number): Promise<DrawnProblems>;
}
