/** The interface of a task: its problems, how an answer is read from a response, when two are equal. */
import type { DataSource, Problem } from '../contract/problem';
import type { AnswerType } from '../domain/answers';
import type { PromptTemplates } from '../prompts';
import type { TaskAccess } from './task-access';

/** A problem with its label, as the task draws it; from then on the two are stored and passed separately. */
export interface LabelledProblem extends Problem {
  /** The reference answer, normalised; absent if the data have none (such a problem can train, not evaluate). */
  answer?: string;
}

export interface DrawnProblems {
  eval: LabelledProblem[];
  /** Training problems of iteration 1..L at index 0..L-1; with `problems: fixed` one and the same array. */
  train: LabelledProblem[][];
  /** If the request asks for it. */
  validation?: LabelledProblem[];
  /** Where they come from; absent for generated problems. */
  sources?: DataSource[];
  /** What the report has to say of the data, such as duplicates that were left out. */
  notices?: string[];
  /** Why there is nothing to train on, which ends a run of a line before anything is asked. */
  skipped?: string;
}

export interface DrawRequest {
  seed: number;
  /** L: how many training sets are wanted. */
  iterations: number;
  /** Size of the validation split: labelled, apart from both other splits, and without effect on how they are drawn. */
  validation?: number;
  /**
   * Normalised questions of the other task that is evaluated on, if there is one; no training problem may have them.
   * This task's own evaluation problems are then still kept apart if there are enough problems, so training draws the
   * same.
   */
  evaluatedElsewhere?: ReadonlySet<string>;
}

/** Questions that may not be drawn again, by normalised text. */
export interface TakenQuestions {
  readonly size: number;
  has(text: string): boolean;
}

export interface FreshRequest {
  seed: number;
  /** Fewer are returned if there are no more. */
  most: number;
  /** The pool: problems to train from, or to evaluate on. */
  from: 'train' | 'eval';
  taken: TakenQuestions;
  /** Whether only problems with a reference answer are wanted. */
  labelled?: boolean;
}

export interface FreshProblems {
  problems: LabelledProblem[];
  /** Empty for generated problems. */
  sources: DataSource[];
  notices: string[];
}

/** What a task needs to know of the machine it runs on. */
export interface TaskContext {
  /** Absolute; what relative paths are relative to. */
  dataDirectory: string;
  /** Absolute folders beside it that a specification may name data in, as the operator allows. */
  dataFolders?: readonly string[];
  /** Which users' programs it runs, and which data elsewhere it reads; absent: none. */
  access?: TaskAccess;
}

/** Reads and compares answers; knows no reference answer, so label-free code may hold it. */
export interface AnswerReader {
  readonly answerType: AnswerType;
  /** The normalised answer of a response (or of a reference answer's text); `null` if none parses. */
  parse(response: string): string | null | Promise<string | null>;
  /** Decides equality in this process; absent if the grading port must be asked. */
  readonly equal?: (a: string, b: string) => boolean | Promise<boolean>;
}

export interface Task extends AnswerReader {
  readonly kind: string;
  /**
   * Draws the problems of a whole run; the same seed always draws the same. Training and evaluation never share an id or
   * a normalised question. Throws `InvalidRunSpec` if more are asked for than there are, `DatasetError` with file and
   * line for data that do not parse.
   */
  draw(request: DrawRequest): Promise<DrawnProblems>;
  /**
   * Draws problems that nobody has taken yet, for a line: its source may grow, so it is read again. Throws `DatasetError`
   * like `draw`.
   */
  fresh(request: FreshRequest): Promise<FreshProblems>;
  /** A typed question in the form of the task's problems; absent: they are typed as they are asked. */
  readonly typedQuestion?: (text: string) => string;
  /** The name of the task's prompts in a prompt set. */
  readonly promptTask: string;
  /** A user's own prompts, which override those of a set. */
  readonly prompts?: Partial<PromptTemplates>;
  /** SHA-256 (hex) of the program of a user's own task. */
  readonly digest?: string;
}
