/** Options of commands that start a model server: which program it is, and what a vLLM has room for. */
import { Option, type Command } from 'commander';
import type { EngineOptions } from '../machine/engine';
import { engines } from '../machine/engine-names';
import { positiveNumber } from './number-options';

export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--engine <name>',
        'what serves the model: maft (maft.serve) or vllm (LoRA only); default: config.yaml',
      ).choices(engines),
    )
    .option('--vllm-command <command>', "your own vLLM, such as /opt/vllm/bin/vllm; default: that of 'maft setup vllm'")
    .option('--max-loras <n>', 'agents that a vLLM lets answer at once', positiveNumber)
    .option('--max-lora-rank <n>', 'highest rank of adapters that a vLLM has room for', positiveNumber);
}

/** What a command was given of them. */
export function engineOptions({ engine, vllmCommand, maxLoras, maxLoraRank }: EngineOptions): EngineOptions {
  return { engine, vllmCommand, maxLoras, maxLoraRank };
}
