/** `--method PRESET|FILE`: a preset's name, or a file with a run specification, a part of one, or method settings alone. */
import { existsSync } from 'node:fs';
import { runSpecificationSchema } from '../../contract/specification';
import { presetNames } from '../../domain/presets';
import { InvalidRunSpec } from '../../errors';
import { dataDirectory } from '../../machine/paths';
import { loadSpecificationFile, resolveSpecification, type ResolvedSpecification } from '../../specification';
import { suggestion } from '../../specification/nearest';
import type { TaskChoice } from '../task-option';

/** The specification that selection follows. Task and model of a bare method are stand-ins that selection never reads. */
export async function methodSpecification(
  method: string,
  task: TaskChoice,
): Promise<ResolvedSpecification['specification']> {
  const given = presetNames.includes(method) ? { method } : await fromFile(method);
  const { specification } = resolveSpecification({ task, model: { base: 'none', society: 'none' }, ...given });
  if (specification.task.kind !== task.kind) {
    throw new InvalidRunSpec([
      `--task: ${task.kind} is not the task of ${method}, which is ${specification.task.kind}`,
    ]);
  }
  if (specification.method.weights === 'none') {
    throw new InvalidRunSpec([`--method: ${JSON.stringify(method)} does not train, so there is nothing to select`]);
  }
  return specification;
}

async function fromFile(path: string): Promise<object> {
  if (!existsSync(path)) {
    const hint = suggestion(path, presetNames);
    throw new InvalidRunSpec([
      `--method: ${JSON.stringify(path)} is neither a preset nor a file${hint} (presets: ${presetNames.join(', ')})`,
    ]);
  }
  const content = await loadSpecificationFile(path, dataDirectory());
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new InvalidRunSpec([`${path}: must hold an object: method settings, or a run specification`]);
  }
  const isSpecification = Object.keys(content).some((field) => field in runSpecificationSchema.shape);
  return isSpecification ? content : { method: content };
}
