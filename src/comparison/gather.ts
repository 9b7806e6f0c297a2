/** What a comparison has come to by now, read from the store: its runs' evaluations, training records and calls. */
import { readSealed } from '../artifacts/sealed';
import { endpointsAsked } from '../artifacts/societies';
import type {
  ComparedRun,
  ComparisonGroup,
  ComparisonRecord,
  FailedRun,
  Prices,
  TrainingCost,
} from '../contract/comparison';
import type { Evaluation } from '../contract/evaluation';
import type { Measures } from '../contract/measures';
import type { CallCounts, RunRecord, ShardOutcome } from '../contract/run';
import type { WeightsRecord } from '../contract/training-job';
import { addCounts, noCounts } from '../domain/counts';
import type { Steps } from '../domain/evidence/claims';
import { iterationsTo } from '../domain/identifiers';
import { iterationKeys, runKeys } from '../domain/keys';
import { runPrices } from '../domain/money';
import { ArtifactError } from '../errors';
import type { ArtifactStore } from '../ports';
import { standingOf } from '../runs/standing';
import { readAllShards, splits } from '../runs/stored-shards';

export interface ComparedArtifacts {
  runId: string;
  task: string;
  seed: number;
  standing: 'finished' | 'unfinished' | 'failed' | 'not started';
  /** Why a failed run has no result. */
  reason?: string;
  record?: RunRecord;
  /** Of every iteration so far, from 0; the last is what the method is judged by, once the run is finished. */
  evaluations: Evaluation[];
  /** Of the same iterations, where they were measured. */
  measures: Measures[];
  training: TrainingCost;
  /** Of each iteration's training; empty where nothing is trained. */
  steps: Steps;
  /** All calls of the run as if it were alone, and those of them that another run had asked. */
  counts: CallCounts;
  reused: CallCounts;
  prices?: Prices;
}

export interface ComparisonInput {
  comparison: Omit<ComparisonRecord, 'workflowId' | 'createdAt'>;
  runs: ComparedArtifacts[];
  /** Whether the claims are others than those that the comparison was started with. */
  areClaimsChanged?: boolean;
}

export interface GatherOptions {
  failed: readonly FailedRun[];
  prices: (endpoint: string) => Prices | undefined;
}

export async function gatherComparison(
  store: ArtifactStore,
  comparison: ComparisonInput['comparison'],
  options: GatherOptions,
): Promise<ComparisonInput> {
  const groups = comparison.groups.map((group) => gatherGroup(store, group, options));
  return { comparison, runs: (await Promise.all(groups)).flat() };
}

async function gatherGroup(
  store: ArtifactStore,
  group: ComparisonGroup,
  { failed, prices }: GatherOptions,
): Promise<ComparedArtifacts[]> {
  const runs: ComparedArtifacts[] = [];
  for (const planned of group.runs) {
    const { runId } = planned;
    const place = { runId, task: group.task, seed: group.seed };
    const reason = failed.find((each) => each.runId === runId)?.reason;
    const run = await readRun(store, place, { ...planned, prices }).catch((error: unknown) => unreadable(place, error));
    const [first] = runs.filter(({ record }) => record !== undefined);
    if (hasOtherProblems(first, run))
      runs.push(
        without(place, `was drawn other problems than ${first?.runId ?? ''}: the data have changed in between`),
      );
    else runs.push(reason === undefined || run.standing === 'finished' ? run : { ...run, standing: 'failed', reason });
  }
  return runs;
}

type Place = Pick<ComparedArtifacts, 'runId' | 'task' | 'seed'>;

async function readRun(
  store: ArtifactStore,
  place: Place,
  { specificationDigest, after, prices }: ComparedRun & Pick<GatherOptions, 'prices'>,
): Promise<ComparedArtifacts> {
  const { runId } = place;
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) return { ...without(place), standing: 'not started' };
  if (record.specificationDigest !== specificationDigest)
    return without(place, 'was made with other settings than this comparison asks for');
  const { standing } = await standingOf(store, runId);
  const numbers = iterationsOf(record);
  const evaluations = await Promise.all(
    numbers.map((iteration) => readSealed<Evaluation>(store, iterationKeys.evaluation({ runId, iteration }))),
  );
  const measures = await Promise.all(
    numbers.map((iteration) => readSealed<Measures>(store, iterationKeys.measures({ runId, iteration }))),
  );
  const debated = await readAllShards(store, record, 'train');
  const others = splits.filter((split) => split !== 'train').map((split) => readAllShards(store, record, split));
  const shards = [...debated, ...(await Promise.all(others)).flat()];
  return {
    ...place,
    standing: standing === 'finished' ? 'finished' : 'unfinished',
    record,
    evaluations: evaluations.filter((evaluation) => evaluation !== undefined),
    measures: measures.filter((each) => each !== undefined),
    ...(await (after === undefined ? trainingOf(store, record, debated) : trainingElsewhere(store, after))),
    prices: runPrices(await endpointsAsked(store, record), prices),
    counts: sumOf(shards),
    reused: addCounts(noCounts, ...shards.flatMap(({ reused }) => reused ?? [])),
  };
}

/** A corrupt file takes one run out of the comparison, not the comparison down. */
function unreadable(place: Place, error: unknown): ComparedArtifacts {
  if (error instanceof ArtifactError) return without(place, error.message);
  throw error;
}

function without(place: Place, reason?: string): ComparedArtifacts {
  return {
    ...place,
    standing: 'failed',
    reason,
    evaluations: [],
    measures: [],
    ...untrained,
    counts: noCounts,
    reused: noCounts,
  };
}

/** 0..L */
function iterationsOf({ plan }: RunRecord): number[] {
  return iterationsTo(plan.iterations);
}

function sumOf(shards: ShardOutcome[]): CallCounts {
  return addCounts(noCounts, ...shards.map(({ counts }) => counts));
}

type Trained = Pick<ComparedArtifacts, 'training' | 'steps'>;

const untrained: Trained = { training: { counts: noCounts, tokens: 0, examples: 0, seconds: 0 }, steps: [] };

/** What the society of a run that only measures was trained on: its own run's, where that has been started. */
async function trainingElsewhere(store: ArtifactStore, runId: string): Promise<Trained> {
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) return untrained;
  return trainingOf(store, record, await readAllShards(store, record, 'train'));
}

/** What a run's societies were trained on; nothing where it trains nobody. */
async function trainingOf(store: ArtifactStore, record: RunRecord, shards: ShardOutcome[]): Promise<Trained> {
  const { runId, plan } = record;
  const keys = iterationsOf(record).map((iteration) =>
    plan.trainedAgents.map((agent) => iterationKeys.weights({ runId, iteration }, agent)),
  );
  const read = keys.map((agents) => Promise.all(agents.map((key) => readSealed<WeightsRecord>(store, key))));
  const weights = (await Promise.all(read)).map((records) => records.filter((each) => each !== undefined));
  const sum = (part: 'tokens' | 'examples' | 'seconds') =>
    weights.flat().reduce((total, { training }) => total + (training?.[part] ?? 0), 0);
  return {
    training: { counts: sumOf(shards), tokens: sum('tokens'), examples: sum('examples'), seconds: sum('seconds') },
    steps: weights.map((records) =>
      Object.fromEntries(records.map(({ agent, training }) => [agent, training?.steps ?? 0])),
    ),
  };
}

/** Pairing problem by problem means something only where both were asked the same and judged by the same references. */
function hasOtherProblems(first: ComparedArtifacts | undefined, second: ComparedArtifacts): boolean {
  const digests = ({ record }: ComparedArtifacts) =>
    [record?.problems.eval.sha256, record?.references.eval.sha256].join();
  return first?.record !== undefined && second.record !== undefined && digests(first) !== digests(second);
}
