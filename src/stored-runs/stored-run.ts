/** A run as the store holds it: the one reader of its artifacts. Missing ones are undefined, or left out. */
import { parseLines } from '../artifacts/lines';
import { readSealed } from '../artifacts/sealed';
import { readSociety } from '../artifacts/societies';
import type { ConsensusAudit, Evaluation } from '../contract/evaluation';
import type { GuardReport } from '../contract/guard';
import type { EndedEarly, FewerProblems, Landed } from '../contract/landing';
import type { Measures } from '../contract/measures';
import type { RunRecord, ShardOutcome, StageTiming, StageTimings } from '../contract/run';
import type { Society } from '../contract/society';
import type { SelectionReport } from '../contract/training';
import type { WeightsRecord } from '../contract/training-job';
import { validationSplit, type Split, type Transcript } from '../contract/transcript';
import { iterationsTo } from '../domain/identifiers';
import { iterationKeys, runKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';
import { ConfigError } from '../errors';
import type { Report } from '../report';

/** Every split that a run may debate. */
export const splits: readonly Split[] = ['train', 'eval', validationSplit];

/** Every method throws `ArtifactError` for a damaged file. */
export class StoredRun {
  constructor(
    readonly store: ArtifactStore,
    readonly record: RunRecord,
  ) {}

  /** Undefined if the store knows no such run. */
  static async find(store: ArtifactStore, runId: string): Promise<StoredRun | undefined> {
    const record = await readSealed<RunRecord>(store, runKeys.record(runId));
    return record && new StoredRun(store, record);
  }

  /** 0..L, as planned. */
  get iterations(): number[] {
    return iterationsTo(this.record.plan.iterations);
  }

  evaluation(iteration: number, split: Exclude<Split, 'train'> = 'eval'): Promise<Evaluation | undefined> {
    return readSealed<Evaluation>(this.store, iterationKeys.evaluation(this.at(iteration), split));
  }

  /** Accuracy (0..1) of the society's own answer. */
  async accuracy(iteration: number, split?: Exclude<Split, 'train'>): Promise<number | undefined> {
    const evaluation = await this.evaluation(iteration, split);
    return evaluation?.modes.find(({ mode }) => mode === 'society')?.accuracy;
  }

  selection(iteration: number): Promise<SelectionReport | undefined> {
    return readSealed<SelectionReport>(this.store, iterationKeys.selection(this.at(iteration)));
  }

  audit(iteration: number): Promise<ConsensusAudit | undefined> {
    return readSealed<ConsensusAudit>(this.store, iterationKeys.audit(this.at(iteration)));
  }

  guard(iteration: number): Promise<GuardReport | undefined> {
    return readSealed<GuardReport>(this.store, iterationKeys.guard(this.at(iteration)));
  }

  measures(iteration: number): Promise<Measures | undefined> {
    return readSealed<Measures>(this.store, iterationKeys.measures(this.at(iteration)));
  }

  society(iteration: number): Promise<Society | undefined> {
    return readSociety(this.store, this.record, iteration);
  }

  /** Of the trained agents, in their order. */
  weights(iteration: number): Promise<WeightsRecord[]> {
    const keys = this.record.plan.trainedAgents.map((agent) => iterationKeys.weights(this.at(iteration), agent));
    return found(keys.map((key) => readSealed<WeightsRecord>(this.store, key)));
  }

  /** What was recorded of the run's landing; empty if it did not land. */
  async landed(): Promise<Landed> {
    const { runId } = this.record;
    const fewer = await readSealed<FewerProblems>(this.store, runKeys.fewerProblems(runId));
    const ended = await readSealed<EndedEarly>(this.store, runKeys.endedEarly(runId));
    return { ...(fewer && { fewer }), ...(ended && { ended }) };
  }

  /** Closed shards in their order. */
  shards(iteration: number, split: Split): Promise<ShardOutcome[]> {
    const { trainProblems, evaluationProblems, validationProblems = 0, shardSize } = this.record.plan;
    const problems = { train: trainProblems, eval: evaluationProblems, [validationSplit]: validationProblems }[split];
    const shards = Array.from({ length: Math.ceil(problems / shardSize) }, (_, shard) =>
      readSealed<ShardOutcome>(this.store, iterationKeys.shardOutcome({ ...this.at(iteration), split, shard })),
    );
    return found(shards);
  }

  /** Closed shards of some splits over all iterations that the run may have. */
  async allShards(of: readonly Split[] = splits): Promise<ShardOutcome[]> {
    const shards = this.iterations.flatMap((iteration) => of.map((split) => this.shards(iteration, split)));
    return (await Promise.all(shards)).flat();
  }

  /** The debates of these shards. */
  transcripts(shards: readonly Pick<ShardOutcome, 'transcripts'>[]): Promise<Transcript[]> {
    return readTranscripts(this.store, shards);
  }

  /** Timings of the stages up to the report on an iteration, in their order; empty in runs of older versions. */
  async timings(through: number): Promise<StageTiming[]> {
    const stored = iterationsTo(through).map((iteration) =>
      readSealed<StageTimings>(this.store, iterationKeys.timings(this.at(iteration))),
    );
    return (await found(stored)).flatMap(({ timings }) => timings);
  }

  private at(iteration: number) {
    return { runId: this.record.runId, iteration };
  }
}

/** The debates of these shards. Throws `ArtifactError` for a damaged file. */
export async function readTranscripts(
  store: ArtifactStore,
  shards: readonly Pick<ShardOutcome, 'transcripts'>[],
): Promise<Transcript[]> {
  const files = await Promise.all(shards.map(({ transcripts }) => store.readVerified(transcripts)));
  return files.flatMap((bytes) => parseLines<Transcript>(bytes));
}

/** Ids of all runs in the store. */
export async function storedRunIds(store: ArtifactStore): Promise<string[]> {
  return (await store.list('runs')).map((key) => key.slice('runs/'.length));
}

async function found<Value>(read: Promise<Value | undefined>[]): Promise<Value[]> {
  return (await Promise.all(read)).filter((value) => value !== undefined);
}

/** @throws ConfigError if the run is unknown or nothing has been evaluated yet. */
export async function readReport(store: ArtifactStore, runId: string): Promise<Report> {
  const bytes = await store.read(runKeys.reportData(runId));
  if (bytes !== undefined) return parsed(runId, bytes);
  const known = await storedRunIds(store);
  const runs = known.length === 0 ? 'the store holds no runs' : `runs in the store: ${known.join(', ')}`;
  throw new ConfigError(`run "${runId}" has no report yet; ${runs}`);
}

function parsed(runId: string, bytes: Buffer): Report {
  try {
    return JSON.parse(bytes.toString('utf8')) as Report;
  } catch {
    throw new ConfigError(
      `the report.json of run "${runId}" is damaged: \`maft report ${runId} --rebuild\` makes it anew`,
    );
  }
}
