/**
 * What serving and training a model take, in bytes, for `maft fit`. `test/domain/model-memory.test.ts` compares each figure
 * with what tensors of the same shapes take on a CPU: weights, gradients, optimizer and cache are exact but for AdamW's
 * counters; a pass is within a tenth. Of bf16 on a GPU, passes are an estimate from above that was not measured.
 */
import { adapterParameters, parameters, widths, type ModelShape } from './model-shape';

const fp32 = 4;

/** Keys and values of one token (python/maft/serve/cache.py). @param bytes Of one number. */
export function cacheBytesPerToken(shape: ModelShape, bytes: number): number {
  return 2 * shape.layers * widths(shape).keys * bytes;
}

export interface TrainedPart {
  /** Undefined: full weights. */
  rank?: number | undefined;
  /** `bf16`: weights of fp32 (of an adapter: the adapter's) under autocast, as on a GPU. */
  precision: 'fp32' | 'bf16';
}

export interface TrainingMemory {
  /** The weights; of an adapter, the frozen base with it. */
  weights: number;
  gradients: number;
  /** AdamW's two moments. */
  optimizer: number;
  /** The copies that autocast computes with. */
  casts: number;
}

/** What a training holds all the time (python/maft/train: what is trained is fp32). */
export function trainingMemory(shape: ModelShape, { rank, precision }: TrainedPart): TrainingMemory {
  const trained = trainedParameters(shape, rank);
  const base = parameters(shape) * (precision === 'bf16' ? 2 : fp32);
  return {
    weights: trained * fp32 + (rank === undefined ? 0 : base),
    gradients: trained * fp32,
    optimizer: 2 * trained * fp32,
    casts: precision === 'bf16' ? 2 * trained : 0,
  };
}

export interface TrainingPass extends TrainedPart {
  /** Tokens read together: at least those of one example. */
  tokens: number;
  /** How many of them are learnt: their logits are kept. */
  answerTokens: number;
  /** Whether activations are computed again instead of kept. */
  checkpointed: boolean;
}

/** Scores of tokens held at the same time, at most (LOGITS_AT_ONCE in python/maft/train/loss.py). */
const scoresAtOnce = 2 ** 26;

/**
 * What a forward and a backward pass take beside that, at most at one moment: what is kept for the backward pass, and on top
 * the logits of the loss or the widest layer's work.
 */
export function passMemory(shape: ModelShape, pass: TrainingPass, mostScores = scoresAtOnce): number {
  const { tokens, answerTokens, precision, checkpointed } = pass;
  const { hidden, feedForward, vocabulary } = shape;
  const layer = keptPerLayer(shape, pass.rank);
  const kept = keptPerToken(shape, pass);
  // Scores, their logarithms and their gradient; under autocast the scores are there a second time, in both precisions.
  const partTokens = Math.max(1, Math.floor(mostScores / vocabulary));
  const scores = Math.min(answerTokens + 1, partTokens) * vocabulary * (precision === 'bf16' ? 16 : 12);
  // The head's gradient of one part, before it is added to that of the others.
  const headGradient = answerTokens > partTokens && pass.rank === undefined ? vocabulary * hidden * fp32 : 0;
  const work = (checkpointed ? layer : 0) + 2 * feedForward + hidden;
  return tokens * kept * fp32 + Math.max(scores + headGradient, tokens * work * fp32);
}

/**
 * Tokens of several examples that a processor reads together, at most: what they keep stays within 2 GiB
 * (python/maft/train/activations.py). A single longer example is read nevertheless.
 */
export function tokensTogether(shape: ModelShape, pass: Pick<TrainingPass, 'rank' | 'checkpointed'>): number {
  return Math.min(16_384, Math.floor(2 ** 31 / (keptPerToken(shape, pass) * fp32)));
}

/** Numbers per token that are kept for the backward pass. */
export function keptPerToken(
  shape: ModelShape,
  { rank, checkpointed }: Pick<TrainingPass, 'rank' | 'checkpointed'>,
): number {
  const { layers, hidden } = shape;
  return layers * (checkpointed ? hidden : keptPerLayer(shape, rank)) + 2 * hidden;
}

/** Numbers per token that one layer keeps for its backward pass (counted in Transformers' Llama with torch's own attention). */
function keptPerLayer(shape: ModelShape, rank: number | undefined): number {
  const { hidden, heads, feedForward } = shape;
  const { queries, keys } = widths(shape);
  const normed = shape.family === 'qwen3' ? queries + keys : 0;
  const common = 2 * queries + 2 * keys + 4 * feedForward + heads + 2 + normed;
  // A frozen norm needs no copy of its input; each of seven matrices has `rank` numbers between its two updates.
  return common + (rank === undefined ? 6 * hidden + normed : 4 * hidden + 7 * rank);
}

/** Whether the trainer computes activations again (python/maft/train/models.py). */
export function isCheckpointed(shape: ModelShape): boolean {
  return parameters(shape) > 300_000_000;
}

/** Numbers that a training changes. */
export function trainedParameters(shape: ModelShape, rank: number | undefined): number {
  return rank === undefined ? parameters(shape) : adapterParameters(shape, rank);
}

/** One published version: an adapter is stored as it is trained, full weights as the base is. */
export function versionBytes(shape: ModelShape, rank: number | undefined): number {
  return trainedParameters(shape, rank) * (rank === undefined ? shape.storedBytes : fp32);
}
