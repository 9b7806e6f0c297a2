/** The line about memory before a run, from the folder's `config.json`, and the refusal of what surely does not fit. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireFit } from '../../src/runs/fitting';
import { resolveSpecification } from '../../src/specification';

const folder = mkdtempSync(path.join(tmpdir(), 'maft-fit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const enormous = {
  ...{ model_type: 'llama', hidden_size: 65_536, intermediate_size: 262_144, num_hidden_layers: 400 },
  ...{ num_attention_heads: 64, vocab_size: 200_000 },
};

/** What is said before runs with these settings, each beside the base; the configuration is the folder's file. */
async function said(config?: object | string, settings: object[] = [{}]): Promise<string> {
  for (const file of ['model.safetensors', 'tokenizer.json']) writeFileSync(path.join(folder, file), '');
  writeFileSync(path.join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config ?? {}));
  const base = config === undefined ? 'models/tiny-arithmetic' : folder;
  const task = { kind: 'arithmetic', train: 2, eval: 2 };
  const specifications = settings.map((each) => resolveSpecification({ task, model: { base }, ...each }).specification);
  const lines: string[] = [];
  await requireFit(specifications, { python: 'not needed', listener: (line) => void lines.push(line) });
  return lines.join('\n');
}

test('the demo fits, and the line says into what', async () => {
  expect(await said()).toMatch(
    /^memory: fits: serving \d+ MB and training [\d.]+ GB.*, of [\d.]+ GB of (main memory|one GPU); room for all/,
  );
});

test('what surely does not fit is refused with what to do', async () => {
  await expect(said(enormous)).rejects.toThrow(
    /^memory: cannot fit: .* Take a smaller model, LoRA instead of full weights/,
  );
});

test('a kind of model that is not known is no reason against a run', async () => {
  expect(await said({ ...enormous, model_type: 'gpt_oss' })).toBe(
    `memory: not known: of ${folder}, models of type gpt_oss are not computed here`,
  );
  expect(await said({ ...enormous, quantization_config: { quant_method: 'awq' } })).toMatch(/quantised models are not/);
  expect(await said({ ...enormous, num_hidden_layers: -1 })).toMatch(/the num_hidden_layers of its config.json is -1$/);
});

test('of several runs the one that fits worst is said, whichever comes first', async () => {
  const runs = [{ iterations: 2, model: { base: 'models/tiny-arithmetic' } }, { iterations: 1 }];
  for (const order of [runs, runs.toReversed()])
    await expect(said(enormous, order)).rejects.toThrow(/^memory: cannot fit/);
});

test('a configuration that is torn or no object is refused by its name', async () => {
  await expect(said('{"model_type":')).rejects.toThrow(/config\.json cannot be read: /);
  await expect(said('[1]')).rejects.toThrow(/^.*config\.json cannot be read: it is not a JSON object$/);
});
