/**
 * Several methods on the same problems (`compareMethods`): what a user writes, what is stored of it, and what the
 * workflow is told. A comparison is derived into ordinary run specifications and runs nothing itself.
 */
import { z } from 'zod';
import { claimSchema, type Claim } from './claims';
import type { AnswerMode } from './evaluation';
import type { CallCounts } from './run';
import { methodSettingsSchema, runSpecificationInputSchema } from './specification';
import { taskSchema } from '../tasks/kinds/all';

const positiveInteger = z.int().min(1);

/** What ids of runs are made of: a method's or a task's name. */
export const comparedName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/)
  .describe('1 to 40 letters, digits, `-` and `_`');

/** Most runs of one comparison: its plan has to fit into one message of the workflow. */
export const mostRuns = 2000;

/** The comparison's own fields; all its other fields are common to all methods. */
export const comparisonFieldsSchema = z.strictObject({
  name: comparedName.default('comparison'),
  description: z.string().max(2000).optional().describe('for people: what is compared, and why; decides nothing'),
  methods: z.array(z.unknown()).min(1).max(64).describe('preset names, or objects that say what a method is'),
  seeds: z.array(z.int().min(0)).min(1).max(100).default([0]).describe('run seeds: each draws its own problems'),
  task: z.unknown().optional().describe('the task of all methods, as a run has it'),
  tasks: z.array(z.unknown()).min(1).max(32).optional().describe('instead of `task`: one column of the table each'),
  baseline: z.string().optional().describe('the method all differences are to; default: `debate`, else the first'),
  claims: z
    .array(claimSchema)
    .min(1)
    .max(64)
    .optional()
    .describe('what the runs are to show: who beats whom, or the shape of a curve; decides nothing of the runs'),
  runsInFlight: positiveInteger
    .max(64)
    .default(1)
    .describe('pairs of task and seed at a time; the methods of one pair always run one after the other'),
});

const runFields = runSpecificationInputSchema.shape;
const sharedFields = {
  method: runFields.method,
  iterations: runFields.iterations,
  stopWhen: runFields.stopWhen,
  guard: runFields.guard,
  model: runFields.model,
  sampling: runFields.sampling,
  finetuning: runFields.finetuning,
  evaluation: runFields.evaluation,
  limits: runFields.limits,
  execution: runFields.execution,
};

/** A column: a task with a name. Each kind is extended by itself: an intersection of strict objects would refuse the name. */
const namedTaskSchema = z.discriminatedUnion(
  'kind',
  taskSchema.options.map((kind) =>
    kind.extend({ name: comparedName.optional() }),
  ) as unknown as typeof taskSchema.options,
);

/** For `maft schema --comparison`: all that may be written. The entries themselves are judged as run specifications. */
export const comparisonInputSchema = comparisonFieldsSchema.extend({
  ...sharedFields,
  methods: z
    .array(
      z.union([
        z.string(),
        z.strictObject({
          name: comparedName.optional(),
          preset: z.string().optional(),
          trainOn: comparedName
            .optional()
            .describe('one of `tasks`: trained on that in every column, so that the others show zero-shot transfer'),
          teacher: comparedName
            .optional()
            .describe('another of the methods: a method that distils learns from the society with which its run ends'),
          ...methodSettingsSchema.partial().shape,
          ...z.object(sharedFields).partial().shape,
        }),
      ]),
    )
    .min(1)
    .max(64),
  task: taskSchema.optional(),
  tasks: z.array(namedTaskSchema).min(1).max(32).optional(),
});

/** One method of a comparison; how its accuracy is obtained is in each group's `readings`. */
export interface ComparedMethod {
  name: string;
  preset: string;
  /** Whether it trains weights; an untuned one is read from iteration 0 of a run. */
  tuned: boolean;
  /** The one task it is trained on, whatever it is evaluated on; absent if each column trains its own. */
  trainOn?: string;
  /** The method whose society it is distilled from. */
  teacher?: string;
}

/** Where one method's result on one task and seed stands. */
export interface Reading {
  method: string;
  runId: string;
  /** Which of the ways of answering that the run measures is this method's. */
  mode: AnswerMode;
}

/** One ordinary run of a comparison. */
export interface ComparedRun {
  runId: string;
  /** The specification that the run's workflow is started with, as an author could have written it. */
  specification: object;
  specificationDigest: string;
  /** The run whose trained society this run evaluates on another task; must finish first. */
  after?: string;
}

/** All methods on one task with one seed; the runs follow each other, each reuses answers of those before it. */
export interface ComparisonGroup {
  task: string;
  seed: number;
  runs: ComparedRun[];
  readings: Reading[];
}

/** `comparisons/<id>/comparison.json`: created if absent; the same comparison adopts it (this is resume). */
export interface ComparisonRecord {
  comparisonId: string;
  workflowId: string;
  name: string;
  /** SHA-256 (hex) over methods, tasks, seeds and the digests of all runs' specifications; claims are no part of it. */
  digest: string;
  written: unknown;
  seeds: number[];
  tasks: string[];
  methods: ComparedMethod[];
  baseline: string;
  /** As the comparison was started with; absent if nothing is claimed. */
  claims?: Claim[];
  runsInFlight: number;
  /** A whole seed after the other. */
  groups: ComparisonGroup[];
  versions: Record<string, string>;
  createdAt: string;
}

/** What the workflow needs of a comparison; specifications are read by the activity that opens a run. */
export interface ComparisonPlan {
  comparisonId: string;
  runsInFlight: number;
  /** What is in one group is done one after the other. */
  groups: { task: string; seed: number; runs: string[] }[];
  /** Those of ours that the namespace knows. */
  searchAttributes?: string[];
}

export interface OpenComparedRunInput {
  comparisonId: string;
  runId: string;
}

export interface OpenedComparedRun {
  specification: object;
  /** Whether the store already holds all of it; then nothing is started. */
  finished: boolean;
}

/** A run that ended without a result; the others go on. */
export interface FailedRun {
  runId: string;
  reason: string;
}

export interface ComparisonState {
  plan: ComparisonPlan;
  /** Index of the next group. */
  nextGroup: number;
  finished: number;
  failed: FailedRun[];
  paused: boolean;
  pauseReason?: string;
  /** How often the comparison was paused or resumed so far; its open runs count from there. */
  gateVersion?: number;
}

/** Answer of the `progress` query of `compareMethods`. */
export interface ComparisonProgress {
  comparisonId: string;
  stage: 'resolve' | 'runs' | 'report' | 'done';
  runs: { done: number; total: number; failed: FailedRun[] };
  /** Ids of the runs that are open now. */
  openRuns: string[];
  openChildren: string[];
  paused: boolean;
  pauseReason?: string;
}

export interface WriteComparisonInput {
  comparisonId: string;
  failed: FailedRun[];
}

/** One row of the table, as the workflow returns it: accuracy (0..1) and standard error by task. */
export interface ComparisonOutcomeRow {
  method: string;
  tasks: Record<string, { accuracy: number; standardError: number; n: number; callsPerAnswer: number } | null>;
}

export interface ComparisonOutcome {
  comparisonId: string;
  headline: string;
  rows: ComparisonOutcomeRow[];
  failed: FailedRun[];
  /** Key of the page. */
  page: string;
}

export interface Prices {
  /** Money per million tokens, in `currency`. */
  promptPerMillion: number;
  completionPerMillion: number;
  currency: string;
}

/** What a method spent before it could answer, over all iterations. */
export interface TrainingCost {
  /** Of the debates (or samples) it was trained on. */
  counts: CallCounts;
  /** Completion tokens trained on, all epochs and agents. */
  tokens: number;
  examples: number;
  seconds: number;
}
