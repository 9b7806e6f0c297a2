/** What is said about memory before a run, for one base of 1.5 billion parameters. */
import { InvalidArgumentError } from 'commander';
import { gpus } from '../../src/cli/fit';
import { fitOf, verdictOf, type Verdict } from '../../src/domain/fit';
import { modelShape } from '../../src/domain/model-shape';
import { resolveSpecification } from '../../src/specification';

const qwen = modelShape({
  ...{ model_type: 'qwen2', hidden_size: 1536, intermediate_size: 8960, num_hidden_layers: 28, vocab_size: 151_936 },
  ...{ num_attention_heads: 12, num_key_value_heads: 2, tie_word_embeddings: true, dtype: 'bfloat16' },
})!;

function verdict(memory: number[], changes: object = {}): Verdict {
  const { specification } = resolveSpecification({
    task: { kind: 'arithmetic', train: 10, eval: 10 },
    ...{ model: { base: 'acme/small' }, sampling: { maxTokens: 512 }, ...changes },
  });
  const devices = { kind: 'gpu' as const, memory, trainings: 1 };
  return verdictOf(fitOf(specification, qwen, 'gpu'), specification, devices);
}

const full = { finetuning: { weights: 'full' } };
test.each([
  ['adapters on 24 GB', [24e9], {}, 'fits'],
  ['full weights on 24 GB: weights, gradients and AdamW alone are more', [24e9], full, 'impossible'],
  ['full weights on 40 GB', [40e9], full, 'tight'],
  ['full weights on two of 40 GB', [40e9, 40e9], full, 'apart'],
  ['full weights on 80 GB', [80e9], full, 'fits'],
  [
    'full weights beside a server elsewhere',
    [40e9],
    { ...full, model: { base: 'acme/small', endpoint: 'vllm' } },
    'fits',
  ],
  ['an untuned society on 4 GB', [4e9], { iterations: 0 }, 'fits'],
])('%s', (_, memory, changes, outcome) => expect(verdict(memory, changes).outcome).toBe(outcome));

test('the calls that find no room wait: they are no reason against a run', () => {
  expect(verdict([64e9]).sequences).toBe(128);
  const { outcome, sequences } = verdict([12e9]);
  expect(outcome).toBe('fits');
  expect(sequences).toBeGreaterThan(1);
  expect(sequences).toBeLessThan(128);
});

test('GPUs are named by their size, as they are sold or as drivers count', () => {
  expect(gpus('24GB')).toEqual([24e9]);
  expect(gpus('2x80GiB', [1])).toEqual([1, 80 * 2 ** 30, 80 * 2 ** 30]);
  for (const wrong of ['24', '0x24GB', 'GB', '24 TB', '0GB', '1e9GB', '24000000000GB'])
    expect(() => gpus(wrong)).toThrow(InvalidArgumentError);
});
