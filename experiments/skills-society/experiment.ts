/** All seeds of every method under one condition, and what they say together. */
import { tInterval, type MeanInterval } from '../../src/domain/statistics';
import { methods, reference, type Condition, type Method } from './conditions';
import { simulateRun, type SimulatedRun, type SocietySetting } from './society';

/** What is read off a run, 0..1 each. */
export interface Outcome {
  agents: number;
  society: number;
  divergence: number;
  accuracyBefore: number;
  accuracyAfter: number;
  anyFirstAfter: number;
  wrongExamples: number;
  /** 1 where every skill is what some agent is best at. */
  coversAll: number;
}

export interface MethodResult {
  method: Method;
  /** Means over the seeds with 95 % t-intervals. */
  outcome: Record<keyof Outcome, MeanInterval>;
  /** Mean divergence and entropy of the agents' mixes before training and after each iteration. */
  curve: { divergence: number; agents: number }[];
}

export interface ConditionResult {
  condition: string;
  methods: MethodResult[];
  /** Society minus each rival, paired by seed. */
  differences: { rival: Method; accuracyAfter: MeanInterval; agents: MeanInterval }[];
}

export function performCondition(
  condition: Condition,
  seeds: readonly number[],
  basis: Omit<SocietySetting, 'method' | 'seed'> = reference,
): ConditionResult {
  const runs = new Map(methods.map((method) => [method, seeds.map((seed) => run(condition, method, { basis, seed }))]));
  const outcomes = (method: Method) => (runs.get(method) ?? []).map(outcomeOf);
  const [own, ...rivals] = methods;
  const differenceIn = (part: keyof Outcome, rival: Method) => {
    const others = outcomes(rival);
    return tInterval(outcomes(own).map((outcome, index) => outcome[part] - (others[index]?.[part] ?? NaN)));
  };
  return {
    condition: condition.name,
    methods: methods.map((method) => ({
      method,
      outcome: summary(outcomes(method)),
      curve: curveOf(runs.get(method) ?? []),
    })),
    differences: rivals.map((rival) => ({
      rival,
      accuracyAfter: differenceIn('accuracyAfter', rival),
      agents: differenceIn('agents', rival),
    })),
  };
}

function run(
  { changes, method: settings }: Condition,
  preset: Method,
  { basis, seed }: { basis: Omit<SocietySetting, 'method' | 'seed'>; seed: number },
): SimulatedRun {
  return simulateRun({ ...basis, ...changes, method: { preset, ...settings }, seed });
}

function outcomeOf({ mixtures, before, after, wrongExamples, coversAll }: SimulatedRun): Outcome {
  const last = mixtures.at(-1)!;
  return {
    ...last,
    accuracyBefore: before.society,
    accuracyAfter: after.society,
    anyFirstAfter: after.anyFirst,
    wrongExamples,
    coversAll: coversAll ? 1 : 0,
  };
}

function summary(outcomes: readonly Outcome[]): MethodResult['outcome'] {
  const parts = Object.keys(outcomes[0] ?? {}) as (keyof Outcome)[];
  return Object.fromEntries(
    parts.map((part) => [part, tInterval(outcomes.map((outcome) => outcome[part]))]),
  ) as MethodResult['outcome'];
}

function curveOf(runs: readonly SimulatedRun[]): MethodResult['curve'] {
  const length = runs[0]?.mixtures.length ?? 0;
  return Array.from({ length }, (_, iteration) => {
    const at = (part: 'divergence' | 'agents') =>
      tInterval(runs.map(({ mixtures }) => mixtures[iteration]?.[part] ?? NaN)).mean;
    return { divergence: at('divergence'), agents: at('agents') };
  });
}
