/**
 * Diversity and drift of an evaluated society (measures.md): models score its responses shard by shard, one
 * activity then computes every measure. What cannot be scored is recorded as not measurable; it never fails the run.
 */
import { ActivityFailure, ApplicationFailure, log } from '@temporalio/workflow';
import type { ScoringKind } from '../src/contract/measures';
import type { MeasuresInput, ShardOutcome } from '../src/contract/run';
import { light, models } from './activity-proxies';
import { failureReason, outlastingOutages } from './outages';
import type { PauseGate } from './pause-gate';
import { inWindow } from './window';

export type MeasureRequest = Omit<MeasuresInput, 'unscored'>;

/** An outage pauses the run as everywhere; afterwards the measures are taken again. */
export async function measureSociety(request: MeasureRequest, gate: PauseGate): Promise<void> {
  const unscored: MeasuresInput['unscored'] = {};
  for (const kind of request.plan.scoring ?? []) {
    const reason = await scoreResponses(request, kind, gate);
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
  gate: PauseGate,
): Promise<string | undefined> {
  let reason: string | undefined;
  await inWindow(request.shards, request.plan.shardsInFlight, async (shard) => {
    if (reason !== undefined) return;
    try {
      await outlastingOutages(gate, () => scoreShard(request, kind, shard));
    } catch (error) {
      if (!isUnscorable(error)) throw error;
      reason ??= failureReason(error);
    }
  });
  return reason;
}

function scoreShard(request: MeasureRequest, kind: ScoringKind, { shard, transcripts }: ShardOutcome) {
  const { plan, iteration, split } = request;
  const summary = `${kind} scores of shard ${shard}`;
  return models.scoreShard.executeWithOptions({ summary }, [{ plan, iteration, split, kind, shard, transcripts }]);
}

/** An endpoint that cannot, will not or must not score. A lost artifact or a bug is something else. */
const unscorable = ['UnsupportedByEndpoint', 'ProviderError', 'ConfigError'];

function isUnscorable(error: unknown): error is ActivityFailure {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return false;
  return unscorable.includes(error.cause.type ?? '');
}
