/**
 * Names that users and other programs see: workflow types, task queues, search attributes, signals, queries.
 * A contract: changing one of them breaks scripts, schedules and open runs.
 */

export const taskQueues = {
  /** Workflow tasks of every workflow type. */
  workflows: 'maft',
  /** Data, grading, selection, reports: short activities that may use a core but never a model. */
  light: 'maft-light',
  /** Model calls; its concurrency is what an endpoint can bear. */
  llm: 'maft-llm',
  /** Training; one slot per GPU (or per free core). */
  gpu: 'maft-gpu',
} as const;

export type QueueRole = keyof typeof taskQueues;

export const workflowTypes = {
  run: 'multiagentFinetuning',
  shard: 'debateShard',
  finetune: 'finetuneSociety',
  evaluate: 'evaluateSociety',
  compare: 'compareMethods',
} as const;

export const searchAttributes = {
  stage: 'MaftStage',
  iteration: 'MaftIteration',
  task: 'MaftTask',
  accuracy: 'MaftAccuracy',
  paused: 'MaftPaused',
} as const;

/** Temporal's name of the value type each attribute must be registered with (`temporal … --search-attribute Name=Type`). */
export const searchAttributeTypes = {
  MaftStage: 'Keyword',
  MaftIteration: 'Int',
  MaftTask: 'Keyword',
  MaftAccuracy: 'Double',
  MaftPaused: 'Bool',
} as const satisfies Record<(typeof searchAttributes)[keyof typeof searchAttributes], string>;

/** Every workflow id of the product starts with this; what follows is the run id (architecture: "Ids"). */
export const workflowIdPrefix = 'maft/';
