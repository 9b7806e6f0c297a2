/**
 * What a proof consists of: one ordinary run per seed and method, all derived from one specification. Runs of one seed
 * come one after the other, so that a proof that is broken off has whole seeds to compare.
 */
import type { RunPlan } from '../contract/run';
import { runIdOf } from '../domain/digests';
import { callsPerDebate, deriveRunPlan } from '../domain/plan';
import { InvalidRunSpec } from '../errors';
import { resolveSpecification, type ResolvedSpecification } from '../specification';
import { proofMethods, specificationOf, type ProofMethod } from './methods';

export const defaultSeeds = [21, 22, 23, 24, 25];

export interface ProofOptions {
  seeds: number[];
  methods: ProofMethod[];
  /** L; undefined takes the specification's. */
  iterations?: number;
  /** Training problems, and as many for evaluation; undefined takes the specification's. For trials. */
  problems?: number;
}

export interface PlannedRun {
  runId: string;
  method: ProofMethod;
  seed: number;
  /** What the workflow is started with. */
  raw: object;
  resolved: ResolvedSpecification;
  plan: RunPlan;
}

export interface ProofPlan {
  /** Begins the runs' ids, and names the folder of the proof's own files. A trial has a name of its own. */
  name: string;
  seeds: number[];
  methods: ProofMethod[];
  /** L */
  iterations: number;
  runs: PlannedRun[];
}

/** @param base A run specification, as the user wrote it. Throws `InvalidRunSpec` before anything is started. */
export function planProof(base: unknown, options: ProofOptions): ProofPlan {
  const name = proofName(options);
  const methods = proofMethods.filter((method) => options.methods.includes(method));
  const runs = options.seeds.flatMap((seed) =>
    methods.map((method) => planRun(base, { ...options, name, seed, method })),
  );
  const iterations = runs[0]?.plan.iterations ?? 0;
  if (iterations === 0) throw new InvalidRunSpec(['iterations: a proof needs one at least']);
  return { name, seeds: options.seeds, methods, iterations, runs };
}

function planRun(
  base: unknown,
  options: ProofOptions & { name: string; seed: number; method: ProofMethod },
): PlannedRun {
  const { name, seed, method, iterations, problems } = options;
  const runId = runIdOf(`${name}-${method}-s${seed}`);
  const raw = specificationOf(base, { name: runId, method, seed, iterations, problems });
  const resolved = resolveSpecification(raw);
  return { runId, method, seed, raw, resolved, plan: deriveRunPlan(resolved.specification, runId) };
}

/** `proof`, or for a trial such as `--problems 20 --iterations 1` `proof-p20-i1`: it never meets the proof's own runs. */
function proofName({ problems, iterations }: ProofOptions): string {
  const size = problems === undefined ? '' : `-p${problems}`;
  return `proof${size}${iterations === undefined ? '' : `-i${iterations}`}`;
}

/** Model calls of a run's debates: what its time is mostly spent on. */
export function plannedCalls({ plan, resolved }: PlannedRun): number {
  const { members, rounds, evaluationRounds, iterations, trainProblems, evaluationProblems } = plan;
  const { summary } = resolved.specification.method;
  const training = iterations * trainProblems * callsPerDebate({ members, rounds, summary });
  const evaluation =
    (iterations + 1) * evaluationProblems * callsPerDebate({ members, rounds: evaluationRounds, summary });
  return training + evaluation;
}
