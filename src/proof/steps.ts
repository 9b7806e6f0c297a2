/** How much each method has trained: optimizer steps and examples, from the training records. */
import type { WeightsRecord } from '../contract/training-job';
import { mean } from '../domain/statistics';
import type { ProofMethod } from './methods';
import type { RunSeries } from './series';

/** What the models of one method were trained with over all iterations, over all seeds that are finished. */
export interface TrainingEffort {
  method: ProofMethod;
  seeds: number[];
  /** Models with weights of their own: 2N, or 1. */
  models: number;
  /** Optimizer steps of one model over all iterations. */
  stepsPerModel: { mean: number; fewest: number; most: number };
  /** Training examples of one model over all iterations, each counted once per iteration. */
  examplesPerModel: { mean: number; fewest: number; most: number };
}

/** Null where no run of the method is finished. */
export function trainingEffort(series: readonly RunSeries[], method: ProofMethod): TrainingEffort | null {
  const finished = series.filter((run) => run.method === method && isTrained(run));
  const [first] = finished;
  if (first === undefined) return null;
  const perModel = (part: 'steps' | 'examples') =>
    finished.flatMap((run) =>
      agentsOf(run).map((agent) => sumThrough(run, { agent, part, iteration: run.record.plan.iterations })),
    );
  return {
    method,
    seeds: finished.map(({ seed }) => seed),
    models: agentsOf(first).length,
    stepsPerModel: spread(perModel('steps')),
    examplesPerModel: spread(perModel('examples')),
  };
}

/**
 * The first iteration through which every agent of `rival` has taken at least as many optimizer steps as the same agent of
 * `society` over all its iterations; undefined where it never has, or one of the two has not ended.
 */
export function iterationWithAsManySteps(
  society: RunSeries | undefined,
  rival: RunSeries | undefined,
): number | undefined {
  if (society === undefined || rival === undefined || !isTrained(society) || !isTrained(rival)) return undefined;
  const last = society.record.plan.iterations;
  const part = 'steps';
  const found = rival.weights.findIndex((_, iteration) =>
    agentsOf(society).every(
      (agent) => sumThrough(rival, { agent, part, iteration }) >= sumThrough(society, { agent, part, iteration: last }),
    ),
  );
  return found < 0 ? undefined : found;
}

function agentsOf({ record }: RunSeries): string[] {
  return record.plan.trainedAgents;
}

function isTrained({ record: { plan }, weights, endedAt = plan.iterations }: RunSeries): boolean {
  return (
    weights.length > endedAt &&
    weights.slice(1, endedAt + 1).every((records) => records.length === plan.trainedAgents.length)
  );
}

/** An agent with an empty training set took no step. */
function sumThrough(run: RunSeries, wanted: { agent: string; part: 'steps' | 'examples'; iteration: number }): number {
  const { agent, part, iteration } = wanted;
  const records = run.weights
    .slice(0, iteration + 1)
    .flat()
    .filter((record: WeightsRecord) => record.agent === agent);
  return records.reduce((sum, { training }) => sum + (training?.[part] ?? 0), 0);
}

function spread(values: number[]) {
  return { mean: mean(values), fewest: Math.min(...values), most: Math.max(...values) };
}
