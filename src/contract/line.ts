/**
 * A line: the life of one society over many runs. What `maft line create` reads (`line.yaml`), and what is stored of it
 * (docs/decisions, 27). Every record here is written once.
 */
import { z } from 'zod';
import type { PairedComparison } from '../domain/statistics';
import { taskSchema } from '../tasks/kinds/all';
import { methodSchema } from './method';
import type { DataSource } from './problem';
import type { ArtifactReference } from './run';
import { modelSchema } from './specification';

const gates = ['better', 'not-worse', 'approval', 'never'] as const;
export type Gate = (typeof gates)[number];

export const promotionSchema = z.strictObject({
  gate: z
    .enum(gates)
    .default('better')
    .describe(
      'what promotes the society of a run; `better`: clearly right more often on the held-out problems; `not-worse`: at most ' +
        '`margin` worse; `approval`: people decide; `never`: only `maft line promote`',
    ),
  margin: z
    .number()
    .gt(0)
    .max(1)
    .default(0.02)
    .describe('of `not-worse`: how much worse the society may be, as a share of the problems'),
  guards: z.boolean().default(true).describe('whether signs of collapse (docs/measures.md) forbid a promotion'),
  approveWithin: z
    .string()
    .regex(/^[1-9]\d*[smhd]$/)
    .default('24h')
    .describe('of `approval`: how long the run waits for people, such as `90m`, `12h` or `2d`'),
  otherwise: z
    .enum(['reject', 'approve'])
    .default('reject')
    .describe('of `approval`: what is decided if that time passes'),
});

export type PromotionSettings = z.infer<typeof promotionSchema>;

export const lineSpecificationSchema = z.strictObject({
  description: z.string().max(2000).optional().describe('for people: what the line is for; decides nothing'),
  task: taskSchema.describe(
    'the source of training problems, read again by every run; `train`: most problems per run; `eval`: how many are held out',
  ),
  evalTask: taskSchema.optional().describe('holds out problems of another source; its `train` is not used'),
  seed: z.int().min(0).default(0).describe('draws the held-out problems'),
  method: methodSchema.prefault({}),
  model: modelSchema.omit({ society: true }),
  minimumProblems: z.int().min(1).default(1).describe('a run that finds fewer new training problems is skipped'),
  promotion: promotionSchema.prefault({}),
});

/** The schema of user input, before defaults are applied. */
export const lineSpecificationInputSchema = lineSpecificationSchema.extend({
  method: z.union([z.string().min(1), methodSchema]).prefault({}),
  promotion: z.union([z.enum(gates), promotionSchema]).prefault({}),
});

/** The settings of a run that its line fixes, as its author wrote them. */
export const fixedByLine = ['task', 'evalTask', 'method', 'model'] as const;
export type FixedByLine = Partial<Record<(typeof fixedByLine)[number], unknown>>;

/** `line.json`. */
export interface LineRecord {
  name: string;
  description?: string;
  fixed: FixedByLine;
  seed: number;
  minimumProblems: number;
  promotion: PromotionSettings;
  by: string;
  createdAt: string;
}

/** A society as versions name it: `RUN@ITERATION`, or `base` for the untuned one. */
export type SocietyName = string;
export const untunedSocietyName = 'base';

/** How a version came to be. */
export type VersionDecision = 'created' | 'gate' | 'approved' | 'by hand' | 'rolled back';

/** `versions/000001.json`: the version with the highest number is the current one. */
export interface LineVersion {
  number: number;
  society: SocietyName;
  /** The version that this one replaces; null for the first. */
  parent: number | null;
  /** The run that promoted it; null if people did. */
  run: string | null;
  /** The evaluation against the parent; null if there was none. */
  evidence: PromotionEvidence | null;
  decision: VersionDecision;
  by: string;
  why: string;
  at: string;
}

/** `held-out/000001.json`: the newest set is the one that runs are evaluated on. */
export interface HeldOutSet {
  number: number;
  problems: ArtifactReference;
  references: ArtifactReference;
  size: number;
  /** Whether every problem has a reference answer; otherwise none has. */
  labelled: boolean;
  sources: DataSource[];
  by: string;
  why: string;
  at: string;
}

/** `held-out/000001/looks/000001.json`: one test of a gate on that set. */
export interface HeldOutLook {
  run: string;
  at: string;
}

/** `used/<runId>.json`: what a run of the line trains on, recorded before anything is asked. */
export interface UsedProblems {
  problems: UsedProblem[];
}

export interface UsedProblem {
  /** SHA-256 (hex) of the normalised question. */
  digest: string;
  /** The problem's id in that run. */
  id: string;
}

/** What a run records of its line when it begins. */
export interface RunOfLine {
  name: string;
  /** The version that was current, and its society. */
  version: number;
  society: SocietyName;
  heldOut: number;
}

/** What a promotion is decided by. */
export interface PromotionEvidence {
  line: string;
  candidate: SocietyName;
  /** What the candidate was compared with: the version that was current when the run began. */
  parent: { version: number; society: SocietyName };
  gate: Gate;
  margin: number;
  heldOut: { number: number; problems: number; labelled: boolean };
  /** Which test on this held-out set it is, from 1; null if the gate tests nothing. */
  look: number | null;
  /** Highest two-sided p-value that may promote at this look; null if the gate tests nothing. */
  bar: number | null;
  /** Accuracies, 0..1; null without reference answers. */
  accuracy: { candidate: number; parent: number } | null;
  /** Candidate minus parent; null without reference answers. */
  comparison: PairedComparison | null;
  /** Lowest difference that this look leaves possible, of the gate `not-worse`. */
  lowest: number | null;
  agreement: { candidate: number | null; parent: number | null };
  /** Signs of collapse, a sentence each. */
  findings: string[];
}

export type PromotionVerdict = 'promote' | 'keep' | 'ask' | 'superseded';

/** What people, or the passing of their time, decided. */
export interface Approval {
  approved: boolean;
  by: string;
  why: string;
}

/** `runs/<runId>/decisions/1-promotion.json`. */
export interface PromotionDecision {
  promoted: boolean;
  verdict: PromotionVerdict;
  /** One sentence. */
  why: string;
  evidence: PromotionEvidence;
  approval: Approval | null;
  /** The version that the promotion made; null if there was none. */
  version: number | null;
  at: string;
}
