/** What calls took of the limits of their run: all that lies under their keys, of earlier attempts and starts too. */
import type { CallCosts } from '../src/contract/costs';
import type { Charged, RunReference } from '../src/contract/run';
import { onlyEndpointOf } from '../src/domain/costs';
import { chargedFor } from '../src/domain/worst-case';
import type { ArtifactStore } from '../src/ports';
import { paidCallsIn } from '../src/stored-runs/paid-calls';
import type { LoadedRuns } from './loaded-runs';

export interface Charges {
  /** Of the completions in these folders; with `isOf`, of those whose file has such a name. Nothing without limits. */
  in(place: ChargedPlace, folders: readonly string[], isOf?: (name: string) => boolean): Promise<Charged>;
  /** Of costs that are known already. */
  of(run: RunReference, costs: readonly CallCosts[]): Promise<Charged>;
}

/** A run, and the society that was asked. */
export type ChargedPlace = RunReference & { societyIteration: number };

export function chargesOf(store: ArtifactStore, loadedRuns: LoadedRuns): Charges {
  const of: Charges['of'] = async (run, costs) => {
    const { limits } = (await loadedRuns.run(run)).record.plan;
    return limits === undefined ? {} : { charged: chargedFor(limits, costs) };
  };
  return {
    of,
    async in({ societyIteration, ...run }, folders, isOf) {
      const { plan, specification } = (await loadedRuns.run(run)).record;
      if (plan.limits === undefined) return {};
      const { agents } = await loadedRuns.society(run, societyIteration);
      const onlyEndpoint = onlyEndpointOf(specification, agents);
      return of(run, await paidCallsIn({ store, onlyEndpoint, ...(isOf && { isOf }) }, folders));
    },
  };
}
