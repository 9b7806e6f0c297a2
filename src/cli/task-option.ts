/** The option `--task KIND` of commands that read answers. */
import { InvalidArgumentError } from 'commander';
import type { TaskSettings } from '../contract/specification';
import { suggestion } from '../specification/nearest';
import { taskKinds } from '../tasks';

/** Parses the option; commander turns the error into a usage message. */
export function taskKind(text: string): TaskSettings['kind'] {
  const found = taskKinds.find((kind) => kind === text);
  if (found === undefined) {
    throw new InvalidArgumentError(`must be one of ${taskKinds.join(', ')}${suggestion(text, taskKinds)}`);
  }
  return found;
}
