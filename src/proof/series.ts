/** One run of a proof as far as it has come: its evaluations and its optimizer steps, read from the store. */
import { readSealed } from '../artifacts/sealed';
import type { AnswerMode, Evaluation } from '../contract/evaluation';
import type { RunRecord } from '../contract/run';
import type { WeightsRecord } from '../contract/training-job';
import { iterationKeys, runKeys } from '../domain/keys';
import { ConfigError } from '../errors';
import type { ArtifactStore } from '../ports';
import { answerShape, collectMeasurements, findMeasurement, type Measurement } from '../domain/evidence/measurements';
import type { IterationArtifacts } from '../report/report-input';
import { courseOf } from '../runs/standing';
import type { ProofMethod } from './methods';
import type { PlannedRun } from './plan';

export interface RunSeries {
  runId: string;
  method: ProofMethod;
  seed: number;
  record: RunRecord;
  /** Every answer mode of every iteration evaluated so far. */
  measurements: Measurement[];
  /** Training records of iteration l at index l; index 0 is empty. */
  weights: WeightsRecord[][];
  /** Iteration of its last society, which is before L where `stopWhen` or `guard` ended it; undefined while it goes on. */
  endedAt: number | undefined;
}

/** Undefined where the run has not been started. */
export async function readSeries(
  store: ArtifactStore,
  { runId, method, seed }: PlannedRun,
): Promise<RunSeries | undefined> {
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) return undefined;
  const numbers = Array.from({ length: record.plan.iterations + 1 }, (_, iteration) => iteration);
  const iterations = await Promise.all(numbers.map((iteration) => readIteration(store, record, iteration)));
  const { ended } = await courseOf(store, record);
  return seriesOf({ runId, method, seed, record, endedAt: ended?.iteration }, iterations);
}

/** The same from artifacts that are at hand. */
export function seriesOf(
  run: Omit<RunSeries, 'measurements' | 'weights'>,
  iterations: IterationArtifacts[],
): RunSeries {
  const shape = answerShape(run.record.plan, run.record.specification);
  return {
    ...run,
    measurements: collectMeasurements(iterations, shape),
    weights: iterations.map(({ weights }) => weights),
  };
}

async function readIteration(
  store: ArtifactStore,
  { runId, plan }: RunRecord,
  iteration: number,
): Promise<IterationArtifacts> {
  const place = { runId, iteration };
  const agents = iteration === 0 ? [] : plan.trainedAgents;
  const weights = agents.map((agent) => readSealed<WeightsRecord>(store, iterationKeys.weights(place, agent)));
  return {
    iteration,
    evaluation: await readSealed<Evaluation>(store, iterationKeys.evaluation(place)),
    weights: (await Promise.all(weights)).filter((record) => record !== undefined),
  };
}

export function measurementAt(series: RunSeries | undefined, wanted: { iteration: number; mode: AnswerMode }) {
  return series === undefined ? undefined : findMeasurement(series.measurements, wanted);
}

/** As `measurementAt`, but the last society of a run that ended early stands for those it did not go on to. */
export function standingMeasurementAt(
  series: RunSeries | undefined,
  { iteration, mode }: { iteration: number; mode: AnswerMode },
): Measurement | undefined {
  return measurementAt(series, { iteration: Math.min(iteration, series?.endedAt ?? iteration), mode });
}

/** The last iteration that has been evaluated; undefined where not even the untuned society has. */
export function lastEvaluated({ measurements }: RunSeries): number | undefined {
  const iterations = measurements.map(({ iteration }) => iteration);
  return iterations.length === 0 ? undefined : Math.max(...iterations);
}

/**
 * Pairing problem by problem means something only where all methods of a seed were asked the same problems and measured
 * against the same references: refused otherwise, as `ConfigError`.
 */
export function requireSameProblems(series: readonly RunSeries[]): void {
  const first = new Map<number, RunSeries>();
  for (const run of series) {
    const other = first.get(run.seed);
    if (other === undefined) first.set(run.seed, run);
    else if (problemDigests(other) !== problemDigests(run)) {
      throw new ConfigError(
        `runs ${other.runId} and ${run.runId} have other problems or reference answers, so they cannot be compared: ` +
          'they were made with different settings; set MAFT_HOME to a fresh folder and start again',
      );
    }
  }
}

function problemDigests({ record: { problems, references } }: RunSeries): string {
  return [problems.eval, references.eval, problems.train[0], references.train[0]].map((file) => file?.sha256).join();
}
