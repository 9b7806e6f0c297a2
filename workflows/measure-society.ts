/**
 * Diversity and drift of an evaluated society (measures.md): models score its responses shard by shard, one
 * activity then computes every measure. What cannot be scored is recorded as not measurable; it never fails the run.
 */
import { ActivityFailure, ApplicationFailure, log } from '@temporalio/workflow';
import type { ScoringKind } from '../src/contract/measures';
import type { MeasuresInput, ScoredShard, ScoreShardInput, ShardOutcome } from '../src/contract/run';
import { measuresPart } from '../src/domain/costs';
import { minus, nothing, times } from '../src/domain/spending';
import { worstBatch, worstReading } from '../src/domain/worst-case';
import { light, models } from './activity-proxies';
import { failureReason, outlastingOutages } from './outages';
import type { PauseGate } from './pause-gate';
import type { Purse } from './purse';
import { inWindow } from './window';

export type MeasureRequest = Omit<MeasuresInput, 'unscored'>;

/** An outage pauses the run as everywhere; afterwards the measures are taken again. */
export async function measureSociety(
  request: MeasureRequest,
  gate: PauseGate,
  purse: Purse | undefined,
): Promise<void> {
  const unscored: MeasuresInput['unscored'] = {};
  for (const kind of request.plan.scoring ?? []) {
    const reason = await scoreResponses(request, kind, { gate, purse });
    if (reason === undefined) continue;
    unscored[kind] = reason;
    log.warn('not measurable', { kind, reason });
  }
  await outlastingOutages(gate, () => light.recordMeasures({ ...request, unscored }));
}

/** Scores all shards. After the first that cannot be scored it starts no more, and returns the reason. */
async function scoreResponses(
  request: MeasureRequest,
  kind: ScoringKind,
  { gate, purse }: { gate: PauseGate; purse: Purse | undefined },
): Promise<string | undefined> {
  let reason: string | undefined;
  await inWindow(request.shards, request.plan.shardsInFlight, async (shard) => {
    if (reason !== undefined) return;
    try {
      const score = (part: ScoredPart) => outlastingOutages(gate, () => scoreShard(request, { kind, ...part }, shard));
      await (purse === undefined ? score({}) : scoreInParts(purse, { request, kind, score }));
    } catch (error) {
      if (!isUnscorable(error)) throw error;
      reason ??= failureReason(error);
    }
  });
  return reason;
}

type ScoredPart = Pick<ScoreShardInput, 'through' | 'allowed'>;

/** Under limits: so many batches at a time, or problems that critics are asked about, as can be paid for. */
async function scoreInParts(
  purse: Purse,
  {
    request: { plan, iteration },
    kind,
    score,
  }: { request: MeasureRequest; kind: ScoringKind; score: (part: ScoredPart) => Promise<ScoredShard> },
): Promise<void> {
  const bill = measuresPart(plan.runId, iteration);
  const worst = kind === 'critics' ? worstReading(purse.limits) : worstBatch(purse.limits);
  purse.account.open(bill);
  let before = nothing;
  for (let through = 0; ;) {
    const several = times(worst, plan.problemsInFlight);
    const fits = purse.account.exceededBy(bill, several).length === 0;
    through += fits ? plan.problemsInFlight : 1;
    const { unfinished, total } = await purse.paying(bill, fits ? several : worst, async (allowed) => {
      const scored = await score({ through, allowed });
      const sum = scored.charged ?? before;
      // Of this shard and kind so far; the bill is that of all of them.
      return { unfinished: scored.unfinished, total: sum, charged: minus(sum, before) };
    });
    before = total;
    if (unfinished !== true) return;
  }
}

function scoreShard(
  request: MeasureRequest,
  { kind, ...part }: { kind: ScoringKind } & ScoredPart,
  { shard, transcripts }: ShardOutcome,
) {
  const { plan, iteration, split } = request;
  const summary = `${kind} scores of shard ${shard}`;
  const input = { plan, iteration, split, kind, shard, transcripts, ...part };
  return models.scoreShard.executeWithOptions({ summary }, [input]);
}

/** An endpoint that cannot, will not or must not score. A lost artifact or a bug is something else. */
const unscorable = ['UnsupportedByEndpoint', 'ProviderError', 'ConfigError'];

function isUnscorable(error: unknown): error is ActivityFailure {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return false;
  return unscorable.includes(error.cause.type ?? '');
}
