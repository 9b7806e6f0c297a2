/**
 * The border to the Python trainer (`python -m maft.train`): the job it is given as a JSON file, and the events it
 * writes as JSON lines on a side channel (never stdout). The same fixture is parsed by both languages in the tests.
 */
import { z } from 'zod';

/** beta: the penalty for moving away from the weights that training starts from. */
const preferenceSchema = z.strictObject({ beta: z.number().gt(0) });

export const trainingJobSchema = z.strictObject({
  /** Digest of everything that decides the result; names the job's checkpoint folder. */
  jobId: z.string().regex(/^[0-9a-f]{16,64}$/),
  /** Folder of the untuned base model (tokenizer and template come from here). */
  base: z.string(),
  /** What a PEFT adapter's `base_model_name_or_path` must say: the string the server was given. */
  servedBase: z.string(),
  /** Folder of the weights to continue from: full model or adapter; equal to `base` for a fresh start. */
  startFrom: z.string(),
  /** Training-set file (JSON lines of TrainingExample). */
  trainingSet: z.string(),
  /** Checkpoints live in `<workDirectory>/checkpoint-<step>`; shared by all attempts at this job. */
  workDirectory: z.string(),
  /** The attempt writes the finished model here; the caller publishes it. Must not exist. */
  outputDirectory: z.string(),
  /** Set if servers other than `maft.serve` answered: leaves out examples that spell a control token of the base. */
  leaveOutSpelledTokens: z.boolean(),
  weights: z.union([
    z.literal('full'),
    z.strictObject({ lora: z.strictObject({ rank: z.int(), alpha: z.number(), dropout: z.number() }) }),
  ]),
  /** What is minimised; absent: the loss of the completions (supervised). The training set is of the same kind. */
  loss: z.union([z.strictObject({ dpo: preferenceSchema }), z.strictObject({ kto: preferenceSchema })]).optional(),
  epochs: z.number(),
  learningRate: z.number(),
  batchSize: z.int(),
  /** Tokens of prompt + completion. Selection counts as the server does; what is longer all the same is left out here. */
  maxLength: z.int(),
  schedule: z.enum(['linear', 'cosine', 'constant']),
  warmupShare: z.number(),
  weightDecay: z.number(),
  seed: z.int(),
  /** 0: after every step. Otherwise less often if writing them would take more than a tenth of the time. */
  checkpointEverySeconds: z.number(),
  device: z.enum(['auto', 'cpu', 'cuda', 'mps']),
  /** Torch threads on CPU; part of what makes weights repeatable. */
  threads: z.int(),
});

export type TrainingJob = z.infer<typeof trainingJobSchema>;

export const trainingEventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('started'),
    pid: z.int(),
    device: z.string(),
    precision: z.string(),
    /** Trained on; `tooLong` others did not fit `maxLength`. */
    examples: z.int(),
    tooLong: z.int().optional(),
    /** Left out because a message or the response spells a control token; 0 unless the job asks for that. */
    spelled: z.int().optional(),
    steps: z.int(),
    resumedFromStep: z.int(),
    versions: z.record(z.string(), z.string()),
  }),
  z.object({
    event: z.literal('step'),
    step: z.int(),
    steps: z.int(),
    loss: z.number(),
    learningRate: z.number(),
    tokens: z.int(),
    seconds: z.number(),
  }),
  /** Sent before a checkpoint is written, which for a large model takes longer than steps do. */
  z.object({ event: z.literal('saving'), step: z.int() }),
  z.object({ event: z.literal('checkpoint'), step: z.int() }),
  z.object({
    event: z.literal('finished'),
    /** SHA-256 (hex) over the sorted names and contents of the files that decide what the model says. */
    digest: z.string(),
    steps: z.int(),
    /** Completion tokens trained on, all epochs. */
    tokens: z.int(),
    /** Whether the stored weights equal those that training started from. */
    unchanged: z.boolean().optional(),
    /** Seconds of training in this and earlier attempts, start-up excluded. */
    seconds: z.number(),
    peakGpuMemoryBytes: z.int().nullable(),
    lossCurve: z.array(z.object({ step: z.int(), loss: z.number() })),
  }),
  z.object({
    event: z.literal('failed'),
    kind: z.enum(['bad-job', 'out-of-memory', 'no-space', 'interrupted', 'machine-fault', 'changed-weights', 'bug']),
    message: z.string(),
  }),
]);

export type TrainingEvent = z.infer<typeof trainingEventSchema>;

/** Exit codes of `python -m maft.train`; anything else is a bug or a signal. */
export const trainerExitCodes = {
  ok: 0,
  bug: 1,
  badJob: 2,
  outOfMemory: 3,
  noSpace: 4,
  interrupted: 5,
  machineFault: 6,
  /** The weights to start from are not those that were published: an operator has to restore them. */
  changedWeights: 7,
} as const;

/** `weights/<agent>.json`: which model an agent uses from this iteration on, and how it was made. */
export interface WeightsRecord {
  agent: string;
  iteration: number;
  model: string;
  /** The configured endpoint that serves it; absent in records of older versions: the base's. */
  endpoint?: string;
  /** `trained`, or why the agent kept its weights. */
  outcome: 'trained' | 'empty-training-set';
  training?: {
    /** Absent in records of an earlier version. */
    jobId?: string;
    /** As in the job; absent: supervised. */
    loss?: TrainingJob['loss'];
    examples: number;
    /** Examples that the tokenizer found longer than `maxLength`, left out; absent if there were none. */
    tooLong?: number;
    /** Examples that spell a control token of the base, left out; absent if there were none. */
    spelled?: number;
    /** Present if the training changed no weight. */
    unchanged?: true;
    steps: number;
    tokens: number;
    seconds: number;
    device: string;
    precision: string;
    peakGpuMemoryBytes: number | null;
    digest: string;
    lossCurve: { step: number; loss: number }[];
    versions: Record<string, string>;
    /** How long each attempt held a device, wall-clock; absent in records of older versions. */
    held?: HeldDevice[];
  };
}

export interface HeldDevice {
  attempt: string;
  seconds: number;
}
