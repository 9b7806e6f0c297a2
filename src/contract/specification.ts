/**
 * The run specification: what a user writes (YAML in `examples/`, JSON for `temporal workflow start`).
 * One zod schema; every field but `task` and `model` has a default; `maft schema` prints it as JSON Schema.
 * Defaults live here and nowhere else.
 */
import { z } from 'zod';
import { methodSchema, mostMembers } from './method';
import { deadlinePattern } from '../domain/deadline';
import { guardActions } from './guard';
import { taskSchema } from '../tasks/kinds/all';
import { trainingLosses, type TrainingLoss } from './training';

export * from './method';
export type { TaskSettings } from '../tasks/kinds/all';

const share = z.number().min(0).max(1);
const positiveInteger = z.int().min(1);
const name = z.string().min(1);

const samplingSchema = z.strictObject({
  temperature: z.number().min(0).max(2).default(1),
  topP: z.number().gt(0).max(1).default(0.9),
  maxTokens: positiveInteger.default(2048),
});

const samplingPerRoleSchema = z.strictObject({
  generation: samplingSchema.prefault({}),
  critic: samplingSchema.prefault({}),
  summariser: samplingSchema.prefault({}),
});

const loraSchema = z.strictObject({
  rank: positiveInteger.default(16),
  alpha: z.number().gt(0).default(32),
  dropout: z.number().min(0).lt(1).default(0),
});

const weightsSchema = z.union([z.literal('full'), z.strictObject({ lora: loraSchema })]);

/**
 * Learning rate if the specification names none: LoRA needs far more than full weights, and preferences, which pull at
 * two responses at once, a tenth of what imitation does (TRL: 1e-6 for full weights).
 */
export function defaultLearningRate({ weights, loss }: { weights: unknown; loss?: TrainingLoss | undefined }): number {
  if (loss === 'dpo' || loss === 'kto') return weights === 'full' ? 1e-6 : 2e-5;
  return weights === 'full' ? 1e-5 : 2e-4;
}

const schedule = z.enum(['linear', 'cosine', 'constant']);

/** What the agents of one role may be trained with instead of what all are. */
const roleFinetuningSchema = z
  .strictObject({
    loss: z.enum(trainingLosses),
    beta: z.number().gt(0),
    epochs: z.number().gt(0),
    learningRate: z.number().gt(0),
    batchSize: positiveInteger,
    schedule,
    warmupShare: share,
    weightDecay: z.number().min(0),
  })
  .partial();

export const finetuningSchema = z.strictObject({
  trainer: name.default('local').describe('who trains: `local`, python/maft/train on this machine'),
  weights: weightsSchema.default({ lora: { rank: 16, alpha: 32, dropout: 0 } }),
  // No default: a run that learns by imitation has the digest it always had.
  loss: z
    .enum(trainingLosses)
    .optional()
    .describe(
      'default `supervised`; `dpo`: pairs of an agreeing and a disagreeing response to the same messages; `kto`: every ' +
        'readable response, desirable if it agrees with the vote',
    ),
  beta: z
    .number()
    .gt(0)
    .optional()
    .describe('of `dpo` and `kto`: what moving away from the start weights costs; default 0.1'),
  epochs: z.number().gt(0).default(2),
  learningRate: z
    .number()
    .gt(0)
    .optional()
    .describe('default 2e-4 for LoRA, 1e-5 for full weights; a tenth of that with `dpo` and `kto`'),
  batchSize: positiveInteger.default(16),
  maxLength: positiveInteger.default(2048).describe('longer examples are counted and left out, never cut'),
  from: z.enum(['previous', 'base']).default('previous'),
  schedule: schedule.default('linear'),
  warmupShare: share.default(0),
  weightDecay: z.number().min(0).default(0),
  generation: roleFinetuningSchema.optional().describe('what generation agents are trained with instead'),
  critic: roleFinetuningSchema.optional().describe('what critics are trained with instead'),
  matchTrainingTokens: positiveInteger
    .optional()
    .describe('most completion tokens of one training set; a seeded sample is taken of a larger one'),
  matchTrajectories: positiveInteger
    .optional()
    .describe('most examples of one training set; a seeded sample is taken of a larger one'),
  checkpointEverySeconds: z
    .number()
    .gt(0)
    .default(60)
    .describe('most training work a crash can cost, or ten times what a checkpoint takes to write where that is more'),
});

/** Values of `evaluation.measures`; measures that need no further model are always made. */
const measureNames = ['agreement', 'embedding', 'critic-reading', 'nll', 'kl-agents', 'kl-base'] as const;

const baselines = ['base', 'majority', 'debate'] as const;

/** One for each method that a comparison may have, and `equal-calls`. */
const mostVoteSizes = 65;

const voteSize = z.union([z.literal(['equal-calls', 'equal-tokens']), positiveInteger]);

export const evaluationSchema = z.strictObject({
  baselines: z.array(z.enum(baselines)).default([...baselines]),
  measures: z
    .array(z.enum(measureNames))
    .default(['agreement', 'embedding', 'critic-reading'])
    .describe('diversity and drift of every evaluated society; see docs/measures.md'),
  measuredProblems: positiveInteger
    .default(200)
    .describe('most evaluation problems whose responses are scored or embedded, or shown to critics; drawn by seed'),
  scorer: z
    .strictObject({ base: name, endpoint: name.default('embedded') })
    .optional()
    .describe(
      'a fixed model that scores likelihoods instead of the held-out critics: for hosted models and mixed bases',
    ),
  embedding: z
    .strictObject({ model: name, endpoint: name.default('embedded') })
    .optional()
    .describe('the embedding model; default: the base model, mean-pooled, at its own endpoint'),
  votes: z
    .strictObject({
      samples: z.union([voteSize, z.array(voteSize).min(1).max(mostVoteSizes)]).default('equal-calls'),
      at: z.enum(['first-and-last', 'every-iteration', 'never']).default('first-and-last'),
    })
    .prefault({})
    .describe(
      'vote over k first-round samples, beside the debate; equal-calls: k = N + 2N(M-1); equal-tokens: as many as the ' +
        "problem's own debate took tokens for, at most 64; several k in a list",
    ),
  temperatures: z
    .array(z.number().min(0).max(2))
    .max(8)
    .default([0, 0.5])
    .describe('one further call at each of these temperatures, beside the votes: what sampling noise alone costs'),
  members: positiveInteger.max(mostMembers).optional().describe('N at evaluation; default: method.members'),
  rounds: positiveInteger.max(16).optional().describe('M of an evaluation debate; default: method.rounds'),
  firstRoundBy: z
    .string()
    .regex(/^(own|generation-[1-9]\d*)$/)
    .default('own')
    .describe('`own`, or the generation agent that gives all first answers at evaluation, such as `generation-1`'),
});

export const modelSchema = z.strictObject({
  base: name.describe(
    'a model folder, a model of the Hugging Face Hub (`owner/name[@revision]`), or the name the endpoint serves',
  ),
  endpoint: name.default('embedded').describe('`embedded` or a name in $MAFT_HOME/config.yaml'),
  members: z
    .array(z.strictObject({ base: name, endpoint: name.optional() }))
    .min(1)
    .optional()
    .describe('a base model per member (mixed societies); the summariser stays model.base'),
  society: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,160}(@(\d{1,4}|last|best))?$/)
    .optional()
    .describe(
      'RUN[@ITERATION]: start from that society instead of the untuned one; `last` (default), `best` or a number',
    ),
});

const stopSignals = ['never', 'loss', 'plateau'] as const;

/** When a run ends before `iterations`; a further signal is one more word. */
export const stopSchema = z.strictObject({
  signal: z
    .enum(stopSignals)
    .default('never')
    .describe(
      'what must go on improving; `loss`: the mean training loss of the last epoch; `plateau`: accuracy on a validation split',
    ),
  improvement: share
    .default(0.01)
    .describe('least improvement on the best so far that counts as one: a share of the loss, or of the problems'),
  validation: positiveInteger
    .max(1_000_000)
    .default(200)
    .describe('problems of the validation split (`plateau`), kept apart from training and evaluation'),
  patience: positiveInteger.default(1).describe('iterations in a row without improvement that end the run'),
});

const executionSchema = z.strictObject({
  shardSize: z.union([z.literal('auto'), positiveInteger.max(200)]).default('auto'),
  shardsInFlight: positiveInteger.max(64).default(8),
  problemsInFlight: positiveInteger.max(64).default(8).describe('per shard'),
  // No default: a run that reuses nothing has the digest it always had.
  reuseTurnsOf: z
    .array(name)
    .max(1000)
    .optional()
    .describe('run ids: a request that one of them has had answered, seed included, is not asked again'),
});

const limitsSchema = z.strictObject({
  maxFailedShare: share.default(0.02).describe("share of a stage's problems that may fail before the run does"),
  // No defaults: a run without a deadline has the digest it always had.
  deadline: z
    .string()
    .regex(deadlinePattern)
    .optional()
    .describe(
      'when the run is to have ended: the next `07:00` of `limits.timeZone`, `07:00+02:00`, or a time after its start such as ' +
        '`6h`; it lands softly before (docs/operations.md)',
    ),
  timeZone: name
    .optional()
    .describe('of a `deadline` such as `07:00`; a name of the IANA data base, such as `Europe/Berlin`'),
  // No defaults: a run without caps has the digest it always had.
  usd: z
    .number()
    .gt(0)
    .optional()
    .describe('most US dollars that its calls may cost, at the prices in config.yaml; then the run pauses'),
  gpuHours: z
    .number()
    .gt(0)
    .optional()
    .describe('most hours that its trainings may hold a device, a GPU or the processor; then the run pauses'),
  tokens: positiveInteger.optional().describe('most tokens that models may read and write; then the run pauses'),
  calls: positiveInteger.optional().describe('most requests to models; then the run pauses'),
});

/** A line's name is a folder's. */
export const lineNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}$/)
  .describe(
    'a line (`maft line`) that the run belongs to: it starts from its current society, trains on problems that no run of the ' +
      'line has used, and is measured on its held-out ones; the line fixes `task`, `evalTask`, `method` and `model`',
  );

/** The specification after normalisation (method and sampling spelt out), as resolved and stored in `run.json`. */
export const runSpecificationSchema = z.strictObject({
  name: name.max(100).default('run'),
  description: z.string().max(2000).optional().describe('for people: what the run is for; decides nothing'),
  seed: z.int().min(0).default(0).describe("or `run`: a seed made of the run's id"),
  line: lineNameSchema.optional(),
  task: taskSchema,
  evalTask: taskSchema.optional().describe('evaluate on another task than the one trained on; its `train` is not used'),
  method: methodSchema.prefault({}),
  iterations: z.int().min(0).max(1000).default(1).describe('L: debate, select, finetune, evaluate'),
  stopWhen: stopSchema.prefault({}).describe('ends the run before `iterations`; a bare word is its signal'),
  guard: z
    .enum(guardActions)
    .default('report')
    .describe(
      'what signs of collapse in a training debate lead to, before anybody is trained on it (docs/measures.md)',
    ),
  model: modelSchema,
  sampling: samplingPerRoleSchema.prefault({}),
  finetuning: finetuningSchema.prefault({}),
  evaluation: evaluationSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  execution: executionSchema.prefault({}),
});

/** What a user may write: some settings may also be a bare word, `sampling` one object for all roles. */
export const runSpecificationInputSchema = runSpecificationSchema.extend({
  seed: z.union([z.int().min(0), z.literal('run')]).default(0),
  method: z.union([name, methodSchema]).prefault({}),
  stopWhen: z.union([z.enum(stopSignals), stopSchema]).prefault({}),
  sampling: z.union([samplingSchema, samplingPerRoleSchema]).prefault({}),
});

export type RunSpecification = z.infer<typeof runSpecificationSchema>;
export type RunSpecificationInput = z.input<typeof runSpecificationInputSchema>;
export type StopSettings = z.infer<typeof stopSchema>;
export type FinetuningSettings = z.infer<typeof finetuningSchema>;

/** Where a resolved value came from. */
export type ValueSource = 'specification' | 'preset' | 'default';
