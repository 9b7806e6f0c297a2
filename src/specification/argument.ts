/** What the top workflow may be started with: exactly one JSON object. */
import { InvalidRunSpec } from '../errors';
import { notTooDeep } from './plain-objects';

/** The one argument; throws `InvalidRunSpec` with how many came. `resolveSpecification` judges its content. */
export function specificationArgument(input: readonly unknown[]): unknown {
  if (input.length === 1) return notTooDeep(input[0], 'input');
  throw new InvalidRunSpec([
    `input: exactly one JSON object is expected, got ${input.length === 0 ? 'none' : `${input.length} arguments`}`,
  ]);
}
