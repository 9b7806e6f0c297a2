/** Whether the models of a run fit into memory, computed before it starts. Bytes everywhere; `model-memory.ts` has the figures. */
import type { RunSpecification } from '../contract/specification';
import { societySize } from './debate-rules';
import {
  cacheBytesPerToken,
  isCheckpointed,
  passMemory,
  tokensTogether,
  trainingMemory,
  versionBytes,
} from './model-memory';
import { parameters, type ModelShape } from './model-shape';
import { trainedAgents } from './plan';
import { roleSettings } from './role-settings';
import { embeddedEndpoint } from './society';

/** GPUs of one machine, or its processor with its main memory. */
export interface Devices {
  kind: 'gpu' | 'cpu';
  /** Memory of each. */
  memory: number[];
  /** Trainings at the same time on one of them. */
  trainings: number;
}

export interface ServingFit {
  weights: number;
  /** Of the weights as they are stored: less is not possible. */
  stored: number;
  /** Tuned versions beside the base, of one iteration. */
  versions: number;
  versionsMemory: number;
  cachePerToken: number;
  /** Tokens of the longest call, if every response takes its `maxTokens`. */
  sequenceTokens: number;
  perSequence: number;
  /** Calls that the run has open at the same time, at most. */
  inFlight: number;
}

export interface TrainingFit {
  weights: number;
  gradients: number;
  optimizer: number;
  casts: number;
  /** Read together, of the longest kind: one on a GPU, which finds out whether more have room. */
  examples: number;
  /** Their tokens, and those of their answers. */
  tokens: number;
  answerTokens: number;
  pass: number;
}

export interface Fit {
  parameters: number;
  serving: ServingFit;
  /** Null if nothing is trained. */
  training: TrainingFit | null;
  disk: { perIteration: number; total: number; checkpoints: number };
}

/** For the question and the instructions around it: an assumption, since prompts are not known yet. */
const questionTokens = 512;
/** The model server's own limit (python/maft/serve/settings.py). */
const largestBatch = 128;

/** @param kind Decides the precision: a GPU computes in bf16, a processor in fp32. */
export function fitOf(specification: RunSpecification, shape: ModelShape, kind: Devices['kind']): Fit {
  const { iterations, method } = specification;
  const agents = iterations === 0 ? [] : trainedAgents(method);
  const rank = rankOf(specification);
  const perIteration = agents.length * versionBytes(shape, rank);
  const training = agents.length === 0 ? null : trainingFit(specification, shape, kind);
  return {
    parameters: parameters(shape),
    serving: servingFit(specification, { shape, versions: agents.length, kind }),
    training,
    disk: {
      perIteration,
      total: iterations * perIteration,
      // What is trained and AdamW's moments, of two checkpoints and a third that is being written.
      checkpoints: training === null ? 0 : 3 * (training.gradients + training.optimizer),
    },
  };
}

function servingFit(
  specification: RunSpecification,
  { shape, versions, kind }: { shape: ModelShape; versions: number; kind: Devices['kind'] },
): ServingFit {
  const { execution } = specification;
  const bytes = kind === 'gpu' ? shape.storedBytes : 4;
  const version = (versionBytes(shape, rankOf(specification)) / storedAs(specification, shape)) * bytes;
  const cachePerToken = cacheBytesPerToken(shape, bytes);
  const sequenceTokens = Math.min(longestCall(specification), shape.context ?? Infinity);
  const turns = execution.shardsInFlight * execution.problemsInFlight * societySize(specification).members;
  return {
    weights: parameters(shape) * bytes,
    stored: parameters(shape) * shape.storedBytes,
    ...{ versions, versionsMemory: versions * version },
    ...{ cachePerToken, sequenceTokens, perSequence: sequenceTokens * cachePerToken },
    inFlight: Math.min(largestBatch, turns),
  };
}

function trainingFit(specification: RunSpecification, shape: ModelShape, kind: Devices['kind']): TrainingFit {
  const { finetuning, sampling } = specification;
  const part = { rank: rankOf(specification), precision: kind === 'gpu' ? ('bf16' as const) : ('fp32' as const) };
  // A preference is read with its other answer beside it.
  const sequences = finetuning.loss === undefined || finetuning.loss === 'supervised' ? 1 : 2;
  const longest = Math.max(...['generation-1', 'critic-1'].map((agent) => roleSettings(finetuning, agent).maxLength));
  const answer = Math.min(longest, Math.max(sampling.generation.maxTokens, sampling.critic.maxTokens));
  const checkpointed = isCheckpointed(shape);
  // A GPU that has no room for several examples at once reads fewer.
  const together = kind === 'gpu' ? 0 : tokensTogether(shape, { ...part, checkpointed });
  const examples = Math.max(1, Math.min(finetuning.batchSize, Math.floor(together / (sequences * longest))));
  const [tokens, answerTokens] = [examples * sequences * longest, examples * sequences * answer];
  return {
    ...trainingMemory(shape, part),
    ...{ examples, tokens, answerTokens, pass: passMemory(shape, { ...part, tokens, answerTokens, checkpointed }) },
  };
}

function longestCall(specification: RunSpecification): number {
  const { method, sampling } = specification;
  const { members, rounds } = societySize(specification);
  const [generation, critic, summariser] = [
    sampling.generation.maxTokens,
    sampling.critic.maxTokens,
    sampling.summariser.maxTokens,
  ];
  const others = (members - 1) * Math.max(generation, critic);
  const first = questionTokens + generation;
  if (rounds === 1) return first;
  const read = method.summary ? summariser : others;
  const summary = method.summary ? questionTokens + others + summariser : 0;
  return Math.max(first, summary, questionTokens + Math.max(generation, critic) + read + critic);
}

function rankOf({ finetuning }: RunSpecification): number | undefined {
  return finetuning.weights === 'full' ? undefined : finetuning.weights.lora.rank;
}

function storedAs(specification: RunSpecification, shape: ModelShape): number {
  return rankOf(specification) === undefined ? shape.storedBytes : 4;
}

export interface Verdict {
  /** `apart`: serving and training on two GPUs; `tight`: the estimate is above what is there; `impossible`: it surely is. */
  outcome: 'fits' | 'apart' | 'tight' | 'impossible';
  /** What serving takes with one call, and all trainings at the same time with one example each; 0 for what is not done here. */
  serving: number;
  training: number;
  trainings: number;
  /** Of the largest device. */
  memory: number;
  /** How many of the calls in flight can be written at the same time; the others wait. */
  sequences: number;
}

/** What `maft.serve` takes of the free memory for keys and values, unless `server.cacheGib` says otherwise. */
const cacheShare = 0.25;
/** Left to the driver, to fragmentation and to buffers: an assumption, not measured. */
const usableShare = 0.9;

/** @param specification Decides what happens on this machine: serving if `model.endpoint` is embedded, training always. */
export function verdictOf(fit: Fit, specification: RunSpecification, devices: Devices): Verdict {
  const { serving: served, training: trained } = fit;
  const isServed = specification.model.endpoint === embeddedEndpoint;
  const serving = isServed ? served.weights + served.versionsMemory + served.perSequence : 0;
  const held = trained === null ? 0 : trained.weights + trained.gradients + trained.optimizer;
  const trainings = Math.min(devices.trainings, served.versions);
  const training = trained === null ? 0 : trainings * (held + trained.casts + trained.pass);
  const [memory = 0, second = 0] = [...devices.memory].sort((left, right) => right - left);
  const usable = memory * usableShare;
  const left = Math.min(usable - (serving - served.perSequence) - training, (memory - served.weights) * cacheShare);
  const sequences = Math.min(served.inFlight, Math.floor(left / served.perSequence));
  return { outcome: outcome(), serving, training, trainings, memory, sequences: Math.max(0, sequences) };

  function outcome(): Verdict['outcome'] {
    if ((isServed && served.stored > memory) || held > memory) return 'impossible';
    if (serving + training <= usable) return 'fits';
    const [larger, smaller] = [Math.max(serving, training), Math.min(serving, training)];
    return larger <= usable && smaller <= second * usableShare ? 'apart' : 'tight';
  }
}
