/** The guard's judgement on a training debate before any agent is trained on it (`guard.json` of an iteration). */
export const guardActions = ['report', 'pause', 'stop'] as const;
export type GuardAction = (typeof guardActions)[number];

export type FindingKind =
  | 'agreement-without-accuracy'
  | 'accuracy-falls'
  | 'responses-lengthen'
  | 'responses-shrink'
  | 'responses-cut'
  | 'responses-alike'
  | 'answers-lost'
  | 'training-set-nearly-empty';

export interface Finding {
  kind: FindingKind;
  iteration: number;
  /** One sentence with the numbers. */
  message: string;
}

/** What is judged of one iteration; whatever is missing is not judged. */
export interface DriftPoint {
  iteration: number;
  /** Only if reference answers exist. */
  accuracy?: { value: number; standardError: number };
  agreement?: number;
  /** Of the last round. */
  responses?: { meanTokens: number; truncatedShare: number; commonestTextShare: number; parsedShare: number };
  training?: { problems: number; agents: { agent: string; examples: number }[] };
}

export interface GuardReport {
  iteration: number;
  /** What the specification says to do about findings. */
  action: GuardAction;
  /** Of this iteration's training debate: the society of the iteration before, and the sets selected from it. */
  point: DriftPoint;
  /** Of this iteration alone, against those before it. */
  findings: Finding[];
}
