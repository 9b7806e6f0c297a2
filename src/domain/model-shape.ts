/**
 * Sizes of a decoder as its `config.json` describes it (the fields of Llama's family in Transformers): counts of numbers,
 * without units; how many bytes each takes is decided in `model-memory.ts`.
 */

export interface ModelShape {
  family: string;
  layers: number;
  /** Width of the residual stream. */
  hidden: number;
  heads: number;
  keyValueHeads: number;
  headSize: number;
  feedForward: number;
  vocabulary: number;
  tied: boolean;
  /** Most tokens it reads, if the configuration says so. */
  context: number | undefined;
  /** Numbers of one layer beside its matrices and two norms: biases, norms of queries and keys. */
  extrasPerLayer: number;
  /** Bytes of one stored number. */
  storedBytes: number;
}

/** Families whose layer has exactly the tensors counted here. */
const families = ['llama', 'mistral', 'qwen2', 'qwen3'];

const sizes = ['hidden_size', 'num_attention_heads', 'num_hidden_layers', 'intermediate_size', 'vocab_size'] as const;
/** Without them Transformers takes the heads, the width of the stream divided by the heads, and no limit. */
const furtherSizes = ['num_key_value_heads', 'head_dim', 'max_position_embeddings'] as const;

type Config = Readonly<Record<string, unknown>>;

/**
 * Why the tensors of a configuration are not known here: mixtures of experts, linear attention, vision, quantised weights,
 * or numbers that no model has. Undefined if `modelShape` knows them.
 */
export function unknownShape(config: Config): string | undefined {
  const { model_type: family, quantization_config: quantisation } = config;
  if (typeof family !== 'string' || !families.includes(family))
    return `models of type ${shown(family)} are not computed here`;
  if (isGiven(quantisation)) return 'quantised models are not computed here';
  const wrong = [...sizes, ...furtherSizes.filter((field) => isGiven(config[field]))].find(
    (field) => !isCount(config[field]),
  );
  if (wrong !== undefined) return `the ${wrong} of its config.json is ${shown(config[wrong])}`;
  const { hidden_size: hidden, num_attention_heads: heads, head_dim: headSize } = config;
  if (isGiven(headSize) || Number.isInteger(Number(hidden) / Number(heads))) return undefined;
  return `its config.json divides a hidden_size of ${shown(hidden)} among ${shown(heads)} heads`;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function shown(value: unknown): string {
  return value === undefined
    ? 'missing'
    : typeof value === 'string'
      ? value.slice(0, 40)
      : JSON.stringify(value).slice(0, 40);
}

/** Returns undefined where `unknownShape` says why. */
export function modelShape(config: Config): ModelShape | undefined {
  if (unknownShape(config) !== undefined) return undefined;
  const [hidden, heads, layers, feedForward, vocabulary] = sizes.map((field) => Number(config[field])) as Sizes;
  const [keyValueHeads, headSize, context] = furtherSizes.map((field) =>
    isGiven(config[field]) ? Number(config[field]) : undefined,
  );
  const shape = {
    ...{ family: String(config.model_type), layers, hidden, heads, feedForward, vocabulary },
    keyValueHeads: keyValueHeads ?? heads,
    headSize: headSize ?? hidden / heads,
    tied: config.tie_word_embeddings === true,
    context,
    storedBytes: (config.dtype ?? config.torch_dtype) === 'float32' ? 4 : 2,
  };
  return { ...shape, extrasPerLayer: extras(shape, config) };
}

type Sizes = [number, number, number, number, number];

type Projections = Pick<ModelShape, 'hidden' | 'heads' | 'keyValueHeads' | 'headSize' | 'feedForward'>;

function extras(shape: Projections & { family: string }, config: Config): number {
  const { family, hidden, headSize, feedForward } = shape;
  const { queries, keys } = widths(shape);
  if (family === 'qwen2') return queries + 2 * keys;
  const attention = config.attention_bias === true ? queries + 2 * keys + hidden : 0;
  if (family === 'qwen3') return attention + 2 * headSize;
  return attention + (config.mlp_bias === true ? 2 * feedForward + hidden : 0);
}

/** Widths of all queries, and of all keys (or values), of one token. */
export function widths({ heads, keyValueHeads, headSize }: Pick<ModelShape, 'heads' | 'keyValueHeads' | 'headSize'>): {
  queries: number;
  keys: number;
} {
  return { queries: heads * headSize, keys: keyValueHeads * headSize };
}

/** Inputs and outputs of a layer's matrices: queries, keys, values, output, gate, up, down. */
function matrices(shape: Projections): [number, number][] {
  const { hidden, feedForward } = shape;
  const { queries, keys } = widths(shape);
  const attention: [number, number][] = [
    [hidden, queries],
    [hidden, keys],
    [hidden, keys],
    [queries, hidden],
  ];
  return [...attention, [hidden, feedForward], [hidden, feedForward], [feedForward, hidden]];
}

/** All numbers of the model, a tied head counted once. */
export function parameters(shape: ModelShape): number {
  const { layers, hidden, vocabulary, tied, extrasPerLayer } = shape;
  const layer = matrices(shape).reduce((sum, [input, output]) => sum + input * output, 0) + 2 * hidden + extrasPerLayer;
  return vocabulary * hidden * (tied ? 1 : 2) + layers * layer + hidden;
}

/** Numbers of a LoRA adapter on every linear layer but the head, as the trainer makes them. */
export function adapterParameters(shape: ModelShape, rank: number): number {
  return shape.layers * rank * matrices(shape).reduce((sum, [input, output]) => sum + input + output, 0);
}
