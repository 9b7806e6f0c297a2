/**
 * An adapter that changes nothing: for asking a server whether it finds and takes what the trainer will publish, before
 * anything is trained or paid for. One matrix of the first layer is enough; both its halves are zero.
 */
import { sha256 } from './digests';
import { widths, type ModelShape } from './model-shape';

export interface ProbeAdapter {
  /** A model name, made of the content. */
  name: string;
  /** Content by file name: a PEFT folder. */
  files: Record<string, Buffer | string>;
}

/** @param base What the adapter calls its base: the name in requests. */
export function probeAdapter(shape: ModelShape, { base, rank }: { base: string; rank: number }): ProbeAdapter {
  const prefix = 'base_model.model.model.layers.0.self_attn.q_proj';
  const files = {
    'adapter_config.json': `${JSON.stringify(
      {
        ...{ peft_type: 'LORA', task_type: 'CAUSAL_LM', base_model_name_or_path: base },
        ...{ r: rank, lora_alpha: rank, lora_dropout: 0, bias: 'none', target_modules: ['q_proj'] },
      },
      undefined,
      2,
    )}\n`,
    'adapter_model.safetensors': zeroTensors({
      [`${prefix}.lora_A.weight`]: [rank, shape.hidden],
      [`${prefix}.lora_B.weight`]: [widths(shape).queries, rank],
    }),
  };
  const digest = sha256(JSON.stringify(Object.values(files).map((content) => sha256(content))));
  return { name: `probe.r${rank}.${digest.slice(0, 8)}`, files };
}

/** A safetensors file of fp32 zeros: the length of the header in 8 bytes, the header, padded to 8 bytes, the numbers. */
export function zeroTensors(shapes: Readonly<Record<string, readonly number[]>>): Buffer {
  let end = 0;
  const entries = Object.entries(shapes).map(([name, shape]): [string, object] => {
    const start = end;
    end += shape.reduce((product, size) => product * size, 4);
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text.padEnd(8 * Math.ceil(text.length / 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(end)]);
}
