/** Adapters that visibly change what the model says, one per agent and a second version of each: none may answer for another. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const { zeroTensors } = require('../../dist/src/domain/probe-adapter.js');

const agents = ['generation', 'critic'].flatMap((role) => [1, 2, 3].map((member) => `${role}-${member}`));
const rank = 8;
/** Of the bundled model. */
const [layers, width] = [4, 128];

/** Publishes them below `models` and returns their names. */
export function publishCanaries(models, base) {
  return agents.flatMap((agent) => ['a', 'b'].map((version) => publish(models, base, `canary.${agent}.${version}`)));
}

function publish(models, base, name) {
  const folder = join(models, name);
  mkdirSync(folder);
  const shapes = Array.from(
    { length: layers },
    (_, layer) => `base_model.model.model.layers.${layer}.self_attn.q_proj`,
  );
  const content = zeroTensors(
    Object.fromEntries(
      shapes.flatMap((prefix) => [
        [`${prefix}.lora_A.weight`, [rank, width]],
        [`${prefix}.lora_B.weight`, [width, rank]],
      ]),
    ),
  );
  const begin = 8 + Number(content.readBigUInt64LE());
  const draw = numbersOf(name);
  for (let at = begin; at < content.length; at += 4) content.writeFloatLE(draw(), at);
  writeFileSync(join(folder, 'adapter_model.safetensors'), content);
  const config = {
    ...{ peft_type: 'LORA', task_type: 'CAUSAL_LM', base_model_name_or_path: base, bias: 'none' },
    ...{ r: rank, lora_alpha: rank, lora_dropout: 0, target_modules: ['q_proj'] },
  };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
  return name;
}

/** Evenly between -0.7 and 0.7, from the digests of the name. */
function numbersOf(name) {
  let block = createHash('sha512').update(name).digest();
  let at = 0;
  return () => {
    if (at === block.length) [block, at] = [createHash('sha512').update(block).digest(), 0];
    const number = block.readUInt16LE(at) / 65_535;
    at += 2;
    return (number - 0.5) * 1.4;
  };
}
