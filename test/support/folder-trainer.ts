/** A trainer double whose results are real model folders: the bundled model itself, or adapters on it. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../src/domain/digests';
import { modelName } from '../../src/domain/identifiers';
import { modelKey } from '../../src/domain/keys';
import { demoModelDirectory } from '../../src/machine/paths';
import type { ArtifactStore, TrainedModel, TrainingRequest } from '../../src/ports';
import { FakeTrainer } from './fake-ports';

/** Publishes as `python -m maft.train` does: a record with the digest of each file, and one over all. */
export class FolderTrainer extends FakeTrainer {
  constructor(private readonly folders: ArtifactStore) {
    super(folders);
  }

  override async train(request: TrainingRequest): Promise<TrainedModel> {
    const { runId, iteration, agent, settings, base } = request;
    const files = settings.weights === 'full' ? bundledFiles() : adapterFiles(request, settings.weights.lora);
    const digests = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)]));
    const lines = Object.entries(digests).sort(([left], [right]) => (left < right ? -1 : 1));
    const digest = sha256(lines.map(([name, each]) => `${each}  ${name}\n`).join(''));
    const model = modelName(runId, iteration, agent, digest);
    const record = JSON.stringify({ files: digests, finished: { digest } });
    for (const [name, bytes] of Object.entries({ ...files, 'maft-training.json': record }))
      await this.folders.publish(`${modelKey(model)}/${name}`, bytes);
    const { finished } = await super.train(request);
    const versions = { torch: '2.13.0' };
    return { model, endpoint: base.endpoint, jobId: digest, finished: { ...finished, digest, versions } };
  }
}

function bundledFiles(): Record<string, Buffer> {
  const names = readdirSync(demoModelDirectory()).filter((name) => name !== 'README.md');
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(demoModelDirectory(), name))]));
}

function adapterFiles(
  { runId, iteration, agent }: TrainingRequest,
  { rank, alpha }: { rank: number; alpha: number },
): Record<string, Buffer> {
  const config = {
    ...{ peft_type: 'LORA', task_type: 'CAUSAL_LM', r: rank, lora_alpha: alpha, bias: 'none', inference_mode: true },
    ...{ target_modules: ['q_proj', 'v_proj'], base_model_name_or_path: 'as served' },
  };
  const seed = sha256(`${runId}/${iteration}/${agent}`);
  return {
    'adapter_config.json': Buffer.from(JSON.stringify(config)),
    'adapter_model.safetensors': safetensors(tensorsOf(rank), seed),
  };
}

function tensorsOf(rank: number): Record<string, [number, number]> {
  const { num_hidden_layers: layers, hidden_size: hidden } = JSON.parse(
    readFileSync(path.join(demoModelDirectory(), 'config.json'), 'utf8'),
  ) as { num_hidden_layers: number; hidden_size: number };
  const names = Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    ['q_proj', 'v_proj'].map((module) => `base_model.model.model.layers.${layer}.self_attn.${module}`),
  );
  return Object.fromEntries(
    names.flatMap((name) => [
      [`${name}.lora_A.weight`, [rank, hidden]],
      [`${name}.lora_B.weight`, [hidden, rank]],
    ]),
  );
}

/** Small numbers that depend on the seed. */
function safetensors(shapes: Record<string, [number, number]>, seed: string): Buffer {
  const header: Record<string, object> = {};
  const numbers: number[] = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const start = numbers.length * 4;
    for (let index = 0; index < shape[0] * shape[1]; index += 1)
      numbers.push((parseInt(seed.charAt((index * 7 + start) % 64), 16) - 7.5) / 40);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, numbers.length * 4] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, Buffer.from(Float32Array.from(numbers).buffer)]);
}
