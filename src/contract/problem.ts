/** A question to be answered. Its reference answer lives in another file on purpose (method, section 3: label-free). */
export interface Problem {
  id: string;
  question: string;
  /** Subject, level or the like, where the data set names one; accuracy is shown by it. */
  type?: string;
}

/** The data set's label; only evaluation, the audit, STaR and `select: reference` may load it. */
export interface ReferenceAnswer {
  id: string;
  answer: string;
}
