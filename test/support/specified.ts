/** A resolved specification of four problems, for tests of rules that read one. */
import type { RunSpecification } from '../../src/contract/specification';
import { resolveSpecification } from '../../src/specification';

/** @param changed Replaces top-level settings. */
export function specified(changed: object = {}): RunSpecification {
  const task = { kind: 'arithmetic', train: 4, eval: 4 };
  return resolveSpecification({ task, model: { base: 'tiny' }, ...changed }).specification;
}
