/**
 * Pins models of the Hugging Face Hub to a commit when a run begins. What the embedded server offers decides, or, of weights
 * served elsewhere, what the trainer has: no name may mean other weights later in the run.
 */
import { Context } from '@temporalio/activity';
import type { RunSpecification } from '../src/contract/specification';
import { isHubName, pinBases, pinnedLike, pinnedTo, servedCommit } from '../src/domain/hub-names';
import { baseModels, embeddedEndpoint, nameOfBase, type BaseOfAgent } from '../src/domain/society';
import type { ActivityDependencies } from './dependencies';

type Pin = (specification: RunSpecification, source?: RunSpecification) => Promise<RunSpecification>;

/** The returned function takes the commits of `source`, if the run starts from its society. Throws as `Inference.models`. */
export function basePinning({ inference, trainer }: ActivityDependencies): Pin {
  async function pinned(specification: RunSpecification, source?: RunSpecification): Promise<RunSpecification> {
    const asBefore = source === undefined ? specification : pinnedLike(specification, source);
    const pins = new Map<string, string>();
    for (const model of baseModels(asBefore))
      if (isHubName(model.base)) pins.set(keyOf(model), await pin(model, asBefore));
    return pinBases(asBefore, (model) => pins.get(keyOf(model)));
  }

  async function pin(model: BaseOfAgent, { iterations, finetuning }: RunSpecification): Promise<string> {
    const { base, endpoint } = model;
    if (endpoint !== embeddedEndpoint) return iterations === 0 ? base : trainer(finetuning.trainer).pin(model);
    const served = await inference(endpoint).models(Context.current().cancellationSignal);
    const commit = served.includes(nameOfBase(model)) ? undefined : servedCommit(base, served);
    return commit === undefined ? base : pinnedTo(base, commit);
  }

  return pinned;
}

function keyOf({ base, endpoint }: BaseOfAgent): string {
  return JSON.stringify([base, endpoint]);
}
