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

/** Returns undefined for configurations whose tensors are not known here (mixtures of experts, linear attention, vision). */
export function modelShape(config: Readonly<Record<string, unknown>>): ModelShape | undefined {
  const family = config.model_type;
  const number = (field: string) => (typeof config[field] === 'number' ? config[field] : undefined);
  const [hidden, heads, layers] = [number('hidden_size'), number('num_attention_heads'), number('num_hidden_layers')];
  const [feedForward, vocabulary] = [number('intermediate_size'), number('vocab_size')];
  if (typeof family !== 'string' || !families.includes(family) || 'quantization_config' in config) return undefined;
  if (!hidden || !heads || !layers || !feedForward || !vocabulary) return undefined;
  const shape = {
    ...{ family, layers, hidden, heads, feedForward, vocabulary },
    keyValueHeads: number('num_key_value_heads') ?? heads,
    headSize: number('head_dim') ?? hidden / heads,
    tied: config.tie_word_embeddings === true,
    context: number('max_position_embeddings'),
    storedBytes: (config.dtype ?? config.torch_dtype) === 'float32' ? 4 : 2,
  };
  return { ...shape, extrasPerLayer: extras(shape, config) };
}

type Projections = Pick<ModelShape, 'hidden' | 'heads' | 'keyValueHeads' | 'headSize' | 'feedForward'>;

function extras(shape: Projections & { family: string }, config: Readonly<Record<string, unknown>>): number {
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
