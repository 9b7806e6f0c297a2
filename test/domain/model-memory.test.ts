/** What `maft fit` computes, beside what tensors of the same shapes take on a CPU. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import {
  cacheBytesPerToken,
  keptPerToken,
  passMemory,
  trainedParameters,
  trainingMemory,
  versionBytes,
} from '../../src/domain/model-memory';
import { modelShape, unknownShape, parameters, type ModelShape } from '../../src/domain/model-shape';
import { pythonPackagesDirectory, repositoryRoot } from '../../src/machine/paths';
import { testPython } from '../support/model-server';

interface Case {
  config: Record<string, unknown>;
  rank: number | null;
  tokens: number;
  answer: number;
  checkpointed: boolean;
  /** Logits of more tokens are computed in parts. */
  logitsAtOnce?: number;
}

interface Measured {
  base: number;
  trained: number;
  gradients: number;
  optimizer: number;
  pass: number;
  kept: number;
  stored: number;
  cache: number;
}

const llama = {
  ...{ model_type: 'llama', hidden_size: 64, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 4 },
  ...{ intermediate_size: 160, vocab_size: 300, max_position_embeddings: 1024, tie_word_embeddings: true },
  dtype: 'float32',
};
const full = { rank: null, tokens: 512, answer: 40, checkpointed: false };
const lora = { ...full, rank: 16 };
const grouped = { ...llama, num_key_value_heads: 2, head_dim: 32, tie_word_embeddings: false };
const cases: Record<string, Case> = {
  'Llama, tied, full weights': { config: llama, ...full },
  'Llama, grouped queries, its own head': { config: { ...grouped, attention_bias: true, mlp_bias: true }, ...full },
  'Llama, recomputed': { config: { ...llama, num_hidden_layers: 8 }, ...full, checkpointed: true },
  'Llama, a large vocabulary': { config: { ...grouped, vocab_size: 9000 }, ...full, answer: 300 },
  'Llama, a large vocabulary, in parts': {
    ...{ config: { ...grouped, vocab_size: 9000 }, ...full, answer: 300, logitsAtOnce: 100 * 9000 },
  },
  'Llama, adapter': { config: grouped, ...lora },
  'Llama, adapter, recomputed': { config: { ...grouped, num_hidden_layers: 8 }, ...lora, checkpointed: true },
  'Qwen2, adapter': { config: { ...llama, model_type: 'qwen2', num_key_value_heads: 1 }, ...lora, rank: 4 },
  Qwen2: { config: { ...llama, model_type: 'qwen2', num_key_value_heads: 1 }, ...full },
  Qwen3: { config: { ...grouped, model_type: 'qwen3' }, ...full, answer: 8 },
  'Qwen3, adapter': { config: { ...grouped, model_type: 'qwen3' }, ...lora },
  Mistral: { config: { ...grouped, model_type: 'mistral', sliding_window: null }, ...full },
};

let measured: Measured[];
beforeAll(() => {
  const { stdout, stderr } = spawnSync(testPython, [path.join(repositoryRoot(), 'test/python/measured_memory.py')], {
    input: JSON.stringify(Object.values(cases)),
    env: { ...process.env, PYTHONPATH: pythonPackagesDirectory() },
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  measured = JSON.parse(stdout) as Measured[];
}, 120_000);

const shapeOf = ({ config }: Case): ModelShape => modelShape(config)!;

describe.each(Object.entries(cases).map(([name, each], index) => ({ name, each, index })))(
  '$name',
  ({ each, index }) => {
    const rank = each.rank ?? undefined;
    const part = { rank, precision: 'fp32' as const };
    const memory = () => trainingMemory(shapeOf(each), part);

    test('weights, gradients and the cache are counted exactly', () => {
      const found = measured[index]!;
      expect(parameters(shapeOf(each)) * 4).toBe(found.base);
      expect(trainedParameters(shapeOf(each), rank) * 4).toBe(found.trained);
      expect(memory().weights).toBe(rank === undefined ? found.trained : found.trained + found.base);
      expect(memory().gradients).toBe(found.gradients);
      expect(cacheBytesPerToken(shapeOf(each), 4)).toBe(found.cache);
    });

    test('the optimizer and the stored version are what is computed, but for counters and headers', () => {
      const found = measured[index]!;
      // One number of four bytes and a line of a header for each tensor, of which these small models have many.
      const tensors = 16 * shapeOf(each).layers + 4;
      expect(found.optimizer - memory().optimizer).toBeGreaterThan(0);
      expect(found.optimizer - memory().optimizer).toBeLessThanOrEqual(4 * tensors);
      expect(found.stored - versionBytes(shapeOf(each), rank)).toBeGreaterThan(0);
      expect(found.stored - versionBytes(shapeOf(each), rank)).toBeLessThan(200 * tensors);
    });

    test('a forward and a backward pass are within a tenth', () => {
      const { tokens, answer: answerTokens, checkpointed, logitsAtOnce } = each;
      const computed = passMemory(shapeOf(each), { ...part, tokens, answerTokens, checkpointed }, logitsAtOnce);
      const ratio = computed / measured[index]!.pass;
      expect(ratio).toBeGreaterThan(0.95);
      expect(ratio).toBeLessThan(1.1);
    });

    test('what a token keeps is what the trainer counts before it begins, within an eighth', () => {
      const ratio =
        (keptPerToken(shapeOf(each), { rank, checkpointed: each.checkpointed }) * 4) / measured[index]!.kept;
      expect(Math.abs(ratio - 1)).toBeLessThan(1 / 8);
    });
  },
);

test('a model whose tensors are not known is not guessed at', () => {
  expect(modelShape({ ...llama, model_type: 'gpt_oss' })).toBeUndefined();
  expect(modelShape({ ...llama, quantization_config: {} })).toBeUndefined();
  expect(modelShape({ model_type: 'llama' })).toBeUndefined();
  expect(modelShape({ ...llama, head_dim: null, quantization_config: null })).toEqual(modelShape(llama));
});

test.each([
  ['hidden_size', 0],
  ['hidden_size', '4096'],
  ['num_hidden_layers', 1e300],
  ['vocab_size', [32_000]],
  ['num_key_value_heads', 0],
  ['head_dim', 0.5],
  ['max_position_embeddings', -1],
])('a %s of %p is not computed with', (field, value) => {
  expect(unknownShape({ ...llama, [field]: value })).toContain(`the ${field} of its config.json is `);
  expect(modelShape({ ...llama, [field]: value })).toBeUndefined();
});

test('a width that the heads do not divide is not computed with', () => {
  const { head_dim: _, ...undivided } = { ...llama, head_dim: 1, hidden_size: 65, num_attention_heads: 4 };
  expect(unknownShape(undivided)).toMatch(/divides a hidden_size of 65 among 4 heads$/);
});
