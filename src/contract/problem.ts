/**
 * A question to be answered. Its reference answer lives in another file on purpose (method.md, Training sets:
 * label-free).
 */
export interface Problem {
  id: string;
  question: string;
  /** What sort of problem it is (MATH's subject, MMLU's, a user's own), if the data say so: for results by type. */
  type?: string;
  /** 1 (easy) to 5 (hard), if the data say so. */
  level?: number;
}

/** The data set's label; only evaluation, the audit, STaR and `select: reference` may load it. */
export interface ReferenceAnswer {
  id: string;
  answer: string;
}

/** The files a split was read from, as they were. */
export interface DataSource {
  split: 'train' | 'eval';
  /** Folder or file, as it was found. */
  path: string;
  files: number;
  /** Problems in them, as far as the task's filters let them pass. */
  problems: number;
  /** SHA-256 (hex) of the file, or of the list of all files' names and digests. */
  sha256: string;
}
