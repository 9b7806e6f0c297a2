/**
 * The settings of a method: how data are generated, which weights exist, how answers are given. Every baseline and
 * ablation is a point in this space (method.md, Methods), without its own code path. Part of the run specification's
 * schema.
 */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const positiveInteger = z.int().min(1);
const name = z.string().min(1);

const mixings = ['sample-each', 'exact-share', 'weighted-loss'] as const;
const criticTargets = ['last-round', 'critic-rounds', 'all-rounds'] as const;
const selections = ['consensus', 'reference', 'none'] as const;
const weightSharings = ['none', 'one', 'per-agent'] as const;
const evaluationModes = ['sample', 'vote', 'debate'] as const;
export const criticKinds = ['own', 'generation', 'untuned'] as const;
const sharedTargets = ['last-round', 'every-agent'] as const;
export const namedInstructions = ['none', 'unique-id', 'varied', 'cooperative'] as const;

/** Most members a society may have. */
export const mostMembers = 64;

/** Templates of a prompt set that a specification may replace; what each may hold is in src/prompts/placeholders.ts. */
export const promptTemplateNames = [
  'system',
  'summarySystem',
  'firstRound',
  'summary',
  'summaryWithQuestion',
  'listedResponse',
  'listSeparator',
  'laterRound',
  'laterRoundWithResponses',
  'quotedResponse',
  'quoteSeparator',
  'laterRoundAlone',
  'hinted',
] as const;

export type PromptTemplateName = (typeof promptTemplateNames)[number];

const templates = Object.fromEntries(
  promptTemplateNames.map((template) => [template, z.string().optional()]),
) as Record<PromptTemplateName, z.ZodOptional<z.ZodString>>;

/** A prompt set by name, or one with some of its texts replaced. */
export const promptsSchema = z.union([name, z.strictObject({ base: name.default('paper'), ...templates })]);

const roleTexts = z.union([z.string(), z.array(z.string()).min(1)]);

/** Texts before the first prompt of each agent: named ones, or one's own per role (a list: one per member). */
export const instructionsSchema = z.union([
  z.enum(namedInstructions),
  z.strictObject({ generation: roleTexts.optional(), critic: roleTexts.optional() }),
]);

/** Every key of `method` but the preset's name; a preset is a partial object of these. */
export const methodSettingsSchema = z.strictObject({
  members: positiveInteger.max(mostMembers).default(3).describe('N: members of the society'),
  rounds: positiveInteger.max(16).default(2).describe('M: debate rounds'),
  correctedShare: share.default(0.5).describe("w: share of corrected examples in a critic's training set"),
  mixing: z.enum(mixings).default('sample-each').describe('how corrected and consistent examples are mixed'),
  criticTarget: z.enum(criticTargets).default('last-round').describe("which of a critic's responses are targets"),
  minimumAgreement: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('a consensus trains somebody only if votes / N exceeds this; 0.99 asks for unanimity'),
  summary: z.boolean().default(true).describe("critics read a summary (true) or the others' responses themselves"),
  summaryShowsQuestion: z.boolean().default(false).describe('whether the summariser sees the question'),
  select: z.enum(selections).default('consensus').describe('what decides which responses train'),
  hint: z
    .boolean()
    .default(false)
    .describe('ask wrong first answers again with the reference answer as a hint (needs `select: reference`)'),
  // No default: a run that distils nothing has the digest it always had.
  distil: z
    .literal(true)
    .optional()
    .describe('train once on what the society `model.society` agrees on; that society, not the trained model, debates'),
  prompts: promptsSchema.default('paper').describe('a prompt set, or one with some of its texts replaced'),
  instructions: instructionsSchema.default('none').describe('what precedes the first prompt of each agent'),
  weights: z.enum(weightSharings).default('per-agent').describe('which tuned weights exist'),
  critics: z
    .enum(criticKinds)
    .default('own')
    .describe('who answers the later rounds: critics of their own, the generation agents, or untuned critics'),
  sharedTargets: z
    .enum(sharedTargets)
    .default('last-round')
    .describe(
      "what one shared model learns: the last answers with the round-1 prompt, or the union of all agents' sets",
    ),
  evaluateBy: z.enum(evaluationModes).default('debate').describe('how the tuned society answers at evaluation'),
  thinking: z
    .enum(['strip', 'keep'])
    .default('strip')
    .describe('`<think>…</think>` parts: left out of vote, summary and target, or kept; what is stored keeps them'),
  samples: positiveInteger
    .max(1000)
    .optional()
    .describe('k of the vote that `evaluateBy: vote` answers by; default: as many as there are members'),
});

/** `method` once a bare preset name has been turned into an object. */
export const methodSchema = methodSettingsSchema.extend({ preset: name.default('multiagent-finetuning') });

export type MethodSettings = z.infer<typeof methodSchema>;
export type PromptSettings = z.infer<typeof promptsSchema>;
export type InstructionSettings = z.infer<typeof instructionsSchema>;
export type CriticKind = (typeof criticKinds)[number];
