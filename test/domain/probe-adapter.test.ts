/** The adapter that asks a server whether it takes ours, as the files that PEFT would write. */
import { modelShape } from '../../src/domain/model-shape';
import { probeAdapter } from '../../src/domain/probe-adapter';

const config = {
  ...{ model_type: 'llama', hidden_size: 128, num_attention_heads: 4, num_hidden_layers: 4, intermediate_size: 384 },
  ...{ vocab_size: 101, head_dim: 16 },
};
const shape = modelShape(config)!;

test('its matrices have the rank asked for and the widths of the base, and hold nothing but zeros', () => {
  const content = probeAdapter(shape, { base: 'models/tiny', rank: 8 }).files['adapter_model.safetensors'] as Buffer;
  const length = Number(content.readBigUInt64LE());
  const header = JSON.parse(content.subarray(8, 8 + length).toString()) as Record<string, { shape: number[] }>;
  expect(length % 8).toBe(0);
  expect(Object.entries(header).map(([name, { shape: size }]) => [name.split('.').at(-2), size])).toEqual([
    ['lora_A', [8, 128]],
    ['lora_B', [64, 8]],
  ]);
  expect(content.length).toBe(8 + length + 4 * (8 * 128 + 64 * 8));
  expect(content.subarray(8 + length).every((byte) => byte === 0)).toBe(true);
});

test('its name is that of its content: another base, rank or width has another one', () => {
  const asked = [
    probeAdapter(shape, { base: 'a', rank: 8 }),
    probeAdapter(shape, { base: 'b', rank: 8 }),
    probeAdapter(shape, { base: 'a', rank: 16 }),
    probeAdapter(modelShape({ ...config, hidden_size: 64 })!, { base: 'a', rank: 8 }),
  ];
  expect(new Set(asked.map(({ name }) => name)).size).toBe(4);
  expect(probeAdapter(shape, { base: 'a', rank: 8 }).name).toBe(asked[0]!.name);
});
