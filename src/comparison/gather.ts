/** The results of a comparison so far, read from the store: its runs' evaluations, training records and calls. */
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
import { addCounts, noCounts } from '../domain/counts';
import type { Steps } from '../domain/evidence/claims';
import { runPrices } from '../domain/money';
import { ArtifactError } from '../errors';
import type { ArtifactStore } from '../ports';
import { courseOf } from '../stored-runs/standing';
import { StoredRun } from '../stored-runs/stored-run';

export interface ComparedArtifacts {
  runId: string;
  task: string;
  seed: number;
  standing: 'finished' | 'unfinished' | 'failed' | 'not started';
  /** Why a failed run has no result. */
  reason?: string;
  record?: RunRecord;
  /** All iterations so far, from 0; once the run is finished, the last one decides about the method. */
  evaluations: Evaluation[];
  /** Of the same iterations, if they were measured. */
  measures: Measures[];
  training: TrainingCost;
  /** Optimizer steps of each iteration; empty if nothing is trained. */
  steps: Steps;
  /** All calls of the run as if it were alone, and those of them that another run had asked. */
  counts: CallCounts;
  reused: CallCounts;
  prices?: Prices;
}

export interface ComparisonInput {
  comparison: Omit<ComparisonRecord, 'workflowId' | 'createdAt'>;
  runs: ComparedArtifacts[];
  /** Whether the claims differ from those that the comparison was started with. */
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
  const run = await StoredRun.find(store, place.runId);
  if (run === undefined) return { ...without(place), standing: 'not started' };
  const { record, iterations } = run;
  if (record.specificationDigest !== specificationDigest)
    return without(place, 'was made with other settings than this comparison asks for');
  const evaluations = await Promise.all(iterations.map((iteration) => run.evaluation(iteration)));
  const measures = await Promise.all(iterations.map((iteration) => run.measures(iteration)));
  const shards = await run.allShards();
  const probed = measures.flatMap((each) => each?.cost.criticReading ?? []);
  return {
    ...place,
    standing: (await courseOf(run)).ended === undefined ? 'unfinished' : 'finished',
    record,
    evaluations: evaluations.filter((evaluation) => evaluation !== undefined),
    measures: measures.filter((each) => each !== undefined),
    ...(await trainingOf(isMeasuredOnly(record, after) ? await StoredRun.find(store, after) : run)),
    prices: runPrices(await endpointsAsked(store, record), prices),
    counts: addCounts(sumOf(shards), ...probed.map(({ counts }) => counts)),
    reused: addCounts(noCounts, ...shards.flatMap(({ reused }) => reused ?? []), ...probed.map(({ reused }) => reused)),
  };
}

/** A transfer trains in the run before it; a run that learns from that one's society trains itself. */
function isMeasuredOnly({ plan }: RunRecord, after: string | undefined): after is string {
  return after !== undefined && plan.iterations === 0;
}

/** A corrupt file excludes its run, but the comparison goes on. */
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

function sumOf(shards: ShardOutcome[]): CallCounts {
  return addCounts(noCounts, ...shards.map(({ counts }) => counts));
}

type Trained = Pick<ComparedArtifacts, 'training' | 'steps'>;

const untrained: Trained = { training: { counts: noCounts, tokens: 0, examples: 0, seconds: 0 }, steps: [] };

/**
 * Training of a run's societies; zero if nothing is trained. For a run that only measures, pass the run that its
 * society comes from (undefined until that has started).
 */
async function trainingOf(run: StoredRun | undefined): Promise<Trained> {
  if (run === undefined) return untrained;
  const weights = await Promise.all(run.iterations.map((iteration) => run.weights(iteration)));
  const sum = (part: 'tokens' | 'examples' | 'seconds') =>
    weights.flat().reduce((total, { training }) => total + (training?.[part] ?? 0), 0);
  const counts = sumOf(await run.allShards(['train']));
  return {
    training: { counts, tokens: sum('tokens'), examples: sum('examples'), seconds: sum('seconds') },
    steps: weights.map((records) =>
      Object.fromEntries(records.map(({ agent, training }) => [agent, training?.steps ?? 0])),
    ),
  };
}

/** Pairing by problem is only valid if both runs were asked the same problems and judged by the same references. */
function hasOtherProblems(first: ComparedArtifacts | undefined, second: ComparedArtifacts): boolean {
  const digests = ({ record }: ComparedArtifacts) =>
    [record?.problems.eval.sha256, record?.references.eval.sha256].join();
  return first?.record !== undefined && second.record !== undefined && digests(first) !== digests(second);
}
