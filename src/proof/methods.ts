/** The methods a proof sets side by side, each derived from the one specification by what makes it that method. */
import { isPlainObject, type PlainObject } from '../specification/plain-objects';

export const proofMethods = ['multiagent-finetuning', 'majority-finetuning', 'single-agent', 'control'] as const;

export type ProofMethod = (typeof proofMethods)[number];

/** Who the claims are about. */
export const society: ProofMethod = 'multiagent-finetuning';

/** Long names, as they stand in tables: a control that selects nothing says so wherever it appears. */
export const methodLabels: Record<ProofMethod, string> = {
  'multiagent-finetuning': 'multiagent finetuning (the society)',
  'majority-finetuning': 'majority finetuning',
  'single-agent': 'single agent',
  control: 'control (select: none)',
};

interface Derivation {
  /** Settings of `method` that make it this one. */
  set: PlainObject;
  /** Settings that would contradict it, and which the specification therefore refuses beside it. */
  drop: string[];
}

const criticTraining = ['correctedShare', 'mixing', 'criticTarget'];

const derivations: Record<ProofMethod, Derivation> = {
  'multiagent-finetuning': { set: { preset: 'multiagent-finetuning' }, drop: [] },
  'majority-finetuning': {
    set: { preset: 'majority-finetuning' },
    drop: [...criticTraining, 'rounds', 'summary', 'evaluateBy', 'weights'],
  },
  'single-agent': { set: { preset: 'single-agent' }, drop: [...criticTraining, 'weights'] },
  // The society itself, but every response trains: no vote, no mixing, and no problem left out for lack of agreement.
  control: {
    set: { preset: 'multiagent-finetuning', select: 'none' },
    drop: ['correctedShare', 'mixing', 'minimumAgreement'],
  },
};

/** The specification of one run. What `base` is not an object for is left to the resolution, which says so. */
export function specificationOf(
  base: unknown,
  run: { name: string; method: ProofMethod; seed: number; iterations?: number; problems?: number },
): object {
  const given = isPlainObject(base) ? base : {};
  const { name, seed, iterations, problems } = run;
  const task = isPlainObject(given.task) ? given.task : {};
  return {
    ...given,
    name,
    seed,
    task: problems === undefined ? given.task : { ...task, train: problems, eval: problems },
    method: methodSettings(given.method, derivations[run.method]),
    ...(iterations === undefined ? {} : { iterations }),
  };
}

function methodSettings(given: unknown, { set, drop }: Derivation): PlainObject {
  const kept = Object.entries(isPlainObject(given) ? given : {}).filter(([key]) => !drop.includes(key));
  return { ...Object.fromEntries(kept), ...set };
}
