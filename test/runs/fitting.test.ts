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

async function said(config?: object): Promise<string> {
  for (const file of ['model.safetensors', 'tokenizer.json']) writeFileSync(path.join(folder, file), '');
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config ?? {}));
  const base = config === undefined ? 'models/tiny-arithmetic' : folder;
  const { specification } = resolveSpecification({ task: { kind: 'arithmetic', train: 2, eval: 2 }, model: { base } });
  const lines: string[] = [];
  await requireFit(specification, { python: 'not needed', listener: (line) => void lines.push(line) });
  return lines.join('\n');
}

test('the demo fits, and the line says into what', async () => {
  expect(await said()).toMatch(
    /^memory: fits: serving \d+ MB and training \d+ MB.*, of [\d.]+ GB of (main memory|one GPU); room for all/,
  );
});

test('what surely does not fit is refused with what to do', async () => {
  await expect(said(enormous)).rejects.toThrow(
    /^memory: cannot fit: .* Take a smaller model, LoRA instead of full weights/,
  );
});

test('a kind of model that is not known is no reason against a run', async () => {
  expect(await said({ ...enormous, model_type: 'gpt_oss' })).toBe(
    'memory: not known: models of type gpt_oss are not computed here',
  );
});
