/**
 * The ledger of a run: what it paid for, as the store holds it under the keys of the paid actions themselves. Reads what is
 * finished and what is not alike, so that it adds up whatever died meanwhile (docs/decisions, 28).
 */
import { lostCallsFor } from '../artifacts/call-notes';
import { parseLines } from '../artifacts/lines';
import { readSealed } from '../artifacts/sealed';
import { endpointsAsked } from '../artifacts/societies';
import { readAttempts, signOfLifeSeconds } from '../artifacts/training-attempts';
import type { CallCosts, LedgerEntry, PaidStage } from '../contract/costs';
import type { ProbedShard } from '../contract/critic-reading';
import type { ScoreBatch, ScoreCost } from '../contract/measures';
import type { Problem } from '../contract/problem';
import type { ArtifactReference, CallCounts, StoredShard } from '../contract/run';
import { validationSplit, type Split } from '../contract/transcript';
import type { WeightsRecord } from '../contract/training-job';
import { debateRules } from '../domain/debate-rules';
import { addCounts, noCounts } from '../domain/counts';
import { measuresPart } from '../domain/costs';
import { memberNumbers, shardWorkflowId } from '../domain/identifiers';
import { iterationKeys } from '../domain/keys';
import { countLost, paidCallsIn } from './paid-calls';
import { splits, type StoredRun } from './stored-run';

const stageOfSplit = { train: 'debate', eval: 'evaluate', [validationSplit]: 'validate' } as const;

interface Reading {
  run: StoredRun;
  onlyEndpoint: string | null;
}

/** By iteration, stage, agent and endpoint. Throws `ArtifactError` for a damaged file. */
export async function readLedger(run: StoredRun): Promise<LedgerEntry[]> {
  const reading = await readingOf(run);
  const entries: LedgerEntry[] = [];
  for (const iteration of run.iterations) {
    for (const split of splits) entries.push(...(await debated(reading, iteration, split)));
    entries.push(...(await revised(reading, iteration)), ...(await scored(reading, iteration)));
    entries.push(...(await trained(reading, iteration)));
  }
  return entries;
}

async function readingOf(run: StoredRun): Promise<Reading> {
  const [endpoint = null, ...others] = await endpointsAsked(run.store, run.record);
  return { run, onlyEndpoint: others.length === 0 ? endpoint : null };
}

function completions(
  costs: readonly CallCosts[],
  place: { iteration: number; stage: PaidStage; part?: string },
): LedgerEntry[] {
  return costs.map((cost) => ({ ...place, kind: 'completion', ...cost }));
}

/** Debates and votes of one split. A closed shard holds its sums; of an open one every file is read. */
async function debated({ run, onlyEndpoint }: Reading, iteration: number, split: Split): Promise<LedgerEntry[]> {
  const { store, record } = run;
  const { runId, plan } = record;
  if ((await store.list(iterationKeys.turnsFolder({ runId, iteration, split }))).length === 0) return [];
  const rounds = memberNumbers(debateRules(record.specification, split).rounds);
  const shards = chunksOf(await problemIds(run, iteration, split), plan.shardSize);
  const costs = shards.map(async (ids, shard) => {
    const closed = await readSealed<StoredShard>(store, iterationKeys.shardOutcome({ runId, iteration, split, shard }));
    const place = { iteration, stage: stageOfSplit[split] };
    if (closed?.costs !== undefined) return completions(closed.costs, place);
    const folders = ids.flatMap((problemId) =>
      rounds.map((round) => iterationKeys.round({ runId, iteration, split, problemId, round })),
    );
    const part = closed === undefined ? { part: shardWorkflowId(runId, iteration, split, shard) } : {};
    return completions(await paidCallsIn({ store, onlyEndpoint }, folders), { ...place, ...part });
  });
  return (await Promise.all(costs)).flat();
}

async function problemIds({ store, record }: StoredRun, iteration: number, split: Split): Promise<string[]> {
  const { train, eval: evaluation, validation } = record.problems;
  const files: Record<Split, ArtifactReference | undefined> = {
    train: train[iteration - 1],
    eval: evaluation,
    [validationSplit]: validation,
  };
  const file = files[split];
  return file === undefined ? [] : parseLines<Problem>(await store.readVerified(file)).map(({ id }) => id);
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => index * size);
  return starts.map((start) => items.slice(start, start + size));
}

/** What critics were asked to measure whether they read. */
async function revised({ run, onlyEndpoint }: Reading, iteration: number): Promise<LedgerEntry[]> {
  const { store, record } = run;
  const { runId, plan } = record;
  if (plan.scoring?.includes('critics') !== true) return [];
  const shards = chunksOf(await problemIds(run, iteration, 'eval'), plan.shardSize);
  const costs = shards.map(async (ids, shard) => {
    const probed = await readSealed<ProbedShard>(
      store,
      iterationKeys.probed({ runId, iteration, split: 'eval', shard }),
    );
    if (probed?.cost.costs !== undefined) return probed.cost.costs;
    const folders = ids.map((problemId) => iterationKeys.revisions({ runId, iteration, problemId }));
    return paidCallsIn({ store, onlyEndpoint }, folders);
  });
  return completions((await Promise.all(costs)).flat(), {
    iteration,
    stage: 'measure',
    part: measuresPart(runId, iteration),
  });
}

/** Scores and embeddings of an iteration, or one kind of them for one shard. */
export async function readScores(
  run: StoredRun,
  iteration: number,
  only: { kind: string; shard: number },
): Promise<LedgerEntry[]> {
  return scored(await readingOf(run), iteration, ({ kind, shard }) => kind === only.kind && shard === only.shard);
}

/** Batches of scores and embeddings. */
async function scored(
  reading: Reading,
  iteration: number,
  isOf: (batch: { kind: string; shard: number }) => boolean = () => true,
): Promise<LedgerEntry[]> {
  const { store, record } = reading.run;
  const keys = new Set(await store.list(iterationKeys.scoresFolder({ runId: record.runId, iteration, split: 'eval' })));
  const noted = [...keys].flatMap((key) => iterationKeys.notedCompletion(key) ?? []);
  const batches = new Set([...noted, ...[...keys].filter((key) => iterationKeys.notedCompletion(key) === undefined)]);
  const asked = [...batches].filter((key) => isOf(batchOf(key)));
  const entries = asked.map((key) => batchEntries(reading, key, { iteration, isNoted: noted.includes(key) }));
  return (await Promise.all(entries)).flat();
}

async function batchEntries(
  { run: { store, record }, onlyEndpoint }: Reading,
  key: string,
  { iteration, isNoted }: { iteration: number; isNoted: boolean },
): Promise<LedgerEntry[]> {
  const { kind: scoring } = batchOf(key);
  const kind = scoring === 'embedding' ? 'embedding' : 'score';
  const batch = await readSealed<ScoreBatch>(store, key);
  const lost = isNoted ? await lostCallsFor(store, key, { isStored: batch !== undefined }) : [];
  const made = batch === undefined ? [] : (batch.costs ?? [batchOfBefore(batch, onlyEndpoint)]);
  const part = measuresPart(record.runId, iteration);
  const place = { iteration, stage: 'measure' as const, part };
  const entry = { ...place, kind: kind as LedgerEntry['kind'], adopted: noCounts };
  const kept = made.map((cost) => ({
    ...{ ...entry, agent: `${scoring} scores`, endpoint: cost.endpoint },
    ...{ kept: countsOfScores(cost), again: noCounts },
  }));
  if (lost.length === 0) return kept;
  const endpoints = [...new Set(made.map(({ endpoint }) => endpoint))];
  const endpoint = endpoints.length === 1 ? endpoints[0]! : onlyEndpoint;
  return [...kept, { ...entry, agent: `${scoring} scores`, endpoint, kept: noCounts, again: countLost(lost) }];
}

/** `…/shard-07.agents-00.json` */
function batchOf(key: string): { kind: string; shard: number } {
  const [, shard, kind = 'scores'] = /shard-(\d+)\.([a-z]+)-\d+\.json$/.exec(key) ?? [];
  return { kind, shard: Number(shard) };
}

/** Older versions did not count requests: the fewest there can have been. */
function batchOfBefore({ tokens }: ScoreBatch, endpoint: string | null) {
  return { endpoint, requests: 1, tokens: tokens === 0 ? null : tokens };
}

function countsOfScores({ requests, tokens }: Pick<ScoreCost, 'requests' | 'tokens'>): CallCounts {
  const unknown = tokens === null ? { withoutPromptTokens: requests } : {};
  return addCounts({ calls: requests, promptTokens: tokens ?? 0, completionTokens: 0, ...unknown });
}

async function trained({ run }: Reading, iteration: number): Promise<LedgerEntry[]> {
  if (iteration === 0) return [];
  const entries = run.record.plan.trainedAgents.map((agent) => trainingEntry(run, { iteration, agent }));
  return (await Promise.all(entries)).flat();
}

async function trainingEntry(
  { store, record }: StoredRun,
  { iteration, agent }: { iteration: number; agent: string },
): Promise<LedgerEntry[]> {
  const place = { runId: record.runId, iteration };
  const weights = await readSealed<WeightsRecord>(store, iterationKeys.weights(place, agent));
  const result = weights?.training;
  const recorded = result?.held ?? [];
  const known = new Set(recorded.map(({ attempt }) => attempt));
  const noted = await readAttempts(store, iterationKeys.attempts(place, agent));
  const attempts = [...recorded, ...noted.filter(({ attempt }) => !known.has(attempt))];
  if (attempts.length === 0 && result === undefined) return [];
  const held = attempts.length === 0 ? (result?.seconds ?? 0) : attempts.reduce((sum, each) => sum + each.seconds, 0);
  // Of several attempts the trainer's own clock says how much of their time the result took.
  const seconds = attempts.length > 1 && result !== undefined ? Math.min(held, result.seconds) : held;
  return [
    {
      ...{ iteration, stage: 'finetune', kind: 'training', agent, endpoint: record.specification.finetuning.trainer },
      ...{ kept: noCounts, again: noCounts, adopted: noCounts },
      training: {
        attempts: Math.max(1, attempts.length),
        seconds,
        secondsAgain: held - seconds,
        secondsUnknown: signOfLifeSeconds * noted.filter((each) => each.isOpen && !known.has(each.attempt)).length,
        tokens: result?.tokens ?? 0,
      },
    },
  ];
}
