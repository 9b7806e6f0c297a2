/** What a comparison claims (`claims:`): as its author writes it, and as it is stored and judged. */
import { z } from 'zod';
import type { AnswerMode } from './evaluation';

const method = z.string().describe('the name of one of `methods`');
const answering = z
  .string()
  .optional()
  .describe('another way of answering than the method’s own: `society`, `sample`, `vote-9` and so on');
const iteration = z.int().min(0);

/** In place of an iteration: the first by which every agent has as many optimizer steps as the other method's. */
const equalSteps = 'equal-steps';

const rivalSchema = z.strictObject({
  method: method.optional().describe('the name of one of `methods`; default: the claim’s own'),
  answering: answering.describe('default: as in the claim'),
  iteration: z
    .union([iteration, z.literal(equalSteps)])
    .optional()
    .describe('after which iteration; 0: untuned; default: the last'),
});

/** One claim: `method` beats a rival, or its curve over the iterations has a shape. */
export const claimSchema = z.strictObject({
  method,
  answering,
  iteration: iteration.optional().describe('after which iteration; 0: untuned; default: the last'),
  beats: z.union([z.string(), rivalSchema]).optional().describe('the name of one of `methods`, or an object'),
  by: z.number().gt(0).max(100).optional().describe('least difference in percentage points; default: any'),
  curve: z.enum(['rises', 'peaks-and-falls']).optional().describe('instead of `beats`: accuracy over the iterations'),
  note: z.string().max(500).optional().describe('for people: what to bear in mind; shown with the verdict'),
});

export type WrittenClaim = z.output<typeof claimSchema>;

/** Who answers, and how. */
export interface ClaimedMethod {
  method: string;
  /** Undefined: as the method itself answers. */
  answering?: AnswerMode;
}

/** A method's answers after an iteration. */
export interface ClaimedSide extends ClaimedMethod {
  iteration: number | 'last';
}

/** A difference of two sides. */
export interface DifferenceClaim {
  kind: 'beats';
  first: ClaimedSide;
  second: ClaimedMethod & { iteration: ClaimedSide['iteration'] | typeof equalSteps };
  /** Least difference of accuracies, 0..1. */
  by: number;
  note?: string;
}

export interface CurveClaim {
  kind: 'rises' | 'peaks-and-falls';
  first: ClaimedMethod;
  note?: string;
}

/** A claim of a stored comparison. */
export type Claim = DifferenceClaim | CurveClaim;
