/** What the method needs to know of a task: its problems, how an answer is read from a response, when two are equal. */
import type { DataSource, Problem } from '../contract/problem';
import type { AnswerType } from '../domain/answers';
import type { PromptTemplates } from '../prompts';
import type { TaskAccess } from './task-access';

/** A problem with its label, as the task draws it; the two are stored apart and travel apart from then on. */
export interface LabelledProblem extends Problem {
  /** The reference answer, normalised; absent where the data have none (such a problem can train, not evaluate). */
  answer?: string;
}

export interface DrawnProblems {
  eval: LabelledProblem[];
  /** Training problems of iteration 1..L at index 0..L-1; with `problems: fixed` one and the same array. */
  train: LabelledProblem[][];
  /** Where asked for. */
  validation?: LabelledProblem[];
  /** Where they come from; absent for generated problems. */
  sources?: DataSource[];
  /** What the report has to say of the data, such as duplicates that were left out. */
  notices?: string[];
}

export interface DrawRequest {
  seed: number;
  /** L: how many training sets are wanted. */
  iterations: number;
  /** Problems of a validation split: labelled, and apart from both others, which are drawn as without it. */
  validation?: number;
  /**
   * Present where another task is evaluated on: its normalised questions, which no training problem may have. The task's
   * own evaluation problems are then kept apart as far as there are enough problems, so that training draws the same.
   */
  evaluatedElsewhere?: ReadonlySet<string>;
}

/** What a task needs to know of the machine it runs on. */
export interface TaskContext {
  /** Absolute; what relative paths are relative to. */
  dataDirectory: string;
  /** Absolute folders beside it that a specification may name data in, as the operator allows. */
  dataFolders?: readonly string[];
  /** Which programs of users it runs, and which data elsewhere it reads; absent: none. */
  access?: TaskAccess;
}

/** Reads and compares answers; knows no reference answer, so label-free code may hold it. */
export interface AnswerReader {
  readonly answerType: AnswerType;
  /** The normalised answer of a response (or of a reference answer's text); `null` where none parses. */
  parse(response: string): string | null | Promise<string | null>;
  /** Decides equality in this process; absent where the grading port must be asked. */
  readonly equal?: (a: string, b: string) => boolean | Promise<boolean>;
}

export interface Task extends AnswerReader {
  readonly kind: string;
  /**
   * Draws the problems of a whole run; the same seed always draws the same. Training and evaluation never share an id or
   * a normalised question. Throws `InvalidRunSpec` where more are asked for than there are, `DatasetError` with file and
   * line for data that do not parse.
   */
  draw(request: DrawRequest): Promise<DrawnProblems>;
  /** A question that somebody typed, as the task's problems are written; absent: they are written as they are asked. */
  readonly typedQuestion?: (text: string) => string;
  /** The name of the task's prompts in a prompt set. */
  readonly promptTask: string;
  /** A user's own prompts, over those of a set. */
  readonly prompts?: Partial<PromptTemplates>;
  /** SHA-256 (hex) of the program of a user's own task. */
  readonly digest?: string;
}
