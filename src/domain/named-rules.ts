/**
 * Settings by which something other than the consensus decides what is trained, or for how long. They are named beside the
 * result in every table (method.md, Training sets), because such a run is not label-free.
 */
import type { RunSpecification } from '../contract/specification';

type Rules = Pick<RunSpecification, 'method' | 'iterations' | 'stopWhen' | 'guard'>;

/** As in `select: reference, stopWhen: plateau`; empty for a run that trains nothing or rests on the consensus alone. */
export function namedRules({ method, iterations, stopWhen, guard }: Rules): string {
  if (method.weights === 'none' || iterations === 0) return '';
  return [
    ...(method.select === 'consensus' ? [] : [`select: ${method.select}`]),
    // Accuracy on the validation split, by its reference answers.
    ...(stopWhen.signal === 'plateau' ? ['stopWhen: plateau'] : []),
    // Acts on the audit of the consensus where training problems have reference answers.
    ...(guard === 'report' ? [] : [`guard: ${guard}`]),
  ].join(', ');
}
