/** The training examples of a stored run, for any loss: its own training sets, or examples made from transcripts. */
import { missingArtifact } from '../artifacts/damage';
import { parseLines } from '../artifacts/lines';
import type { TrainingExample, TrainingLoss } from '../contract/training';
import { lossOfFormat, type DataFormat } from '../domain/data-formats';
import { iterationKeys } from '../domain/keys';
import { lossOf } from '../domain/preferences';
import { Selection } from '../domain/selection';
import { selectionSettings } from '../domain/role-settings';
import { InvalidRunSpec } from '../errors';
import type { StoredRun } from './stored-run';

/** Iterations of a run whose training data have been selected, ascending. */
export async function selectedIterations(run: StoredRun): Promise<number[]> {
  const selections = await Promise.all(run.iterations.map((iteration) => run.selection(iteration)));
  return run.iterations.filter((iteration) => selections[iteration] !== undefined);
}

/**
 * Examples by trained agent. Preferences follow the vote whatever the run selects by: no reference answer is read here.
 *
 * Throws `InvalidRunSpec` for the one request that would need references, and `ArtifactError` for a damaged file.
 */
export async function exportedExamples(
  run: StoredRun,
  { iteration, format }: { iteration: number; format: DataFormat },
): Promise<Map<string, TrainingExample[]>> {
  const { specification, plan, runId } = run.record;
  const settings = selectionSettings(specification, iteration);
  const loss = lossOfFormat[format];
  const isOwn = (agent: string) =>
    lossOf(settings, agent) === loss && (loss === 'supervised' || settings.select === 'consensus');
  if (plan.trainedAgents.every(isOwn)) return storedSets(run, iteration);
  if (loss === 'supervised' && settings.select === 'reference') {
    throw new InvalidRunSpec([`--as: ${runId} learns preferences that reference answers decided; take dpo or kto`]);
  }
  const byVote = loss === 'supervised' ? {} : { select: 'consensus' as const, hint: false };
  const selection = new Selection({ ...settings, ...byVote, losses: everyRole(loss) });
  for (const shard of await run.shards(iteration, 'train'))
    (await run.transcripts([shard])).forEach((transcript) => selection.add(transcript));
  return selection.finish().trainingSets;
}

function everyRole(loss: TrainingLoss) {
  return { generation: loss, critic: loss, shared: loss };
}

async function storedSets(run: StoredRun, iteration: number): Promise<Map<string, TrainingExample[]>> {
  const sets = run.record.plan.trainedAgents.map(async (agent): Promise<[string, TrainingExample[]]> => [
    agent,
    await storedSet(run, { iteration, agent }),
  ]);
  return new Map(await Promise.all(sets));
}

/** As selection wrote it, checked against the digest that it recorded (older versions recorded none). */
export async function storedSet(
  run: StoredRun,
  { iteration, agent }: { iteration: number; agent: string },
): Promise<TrainingExample[]> {
  const key = iterationKeys.trainingSet({ runId: run.record.runId, iteration }, agent);
  const selection = await run.selection(iteration);
  const sha256 = selection?.agents.find((each) => each.agent === agent)?.trainingSetSha256;
  const bytes = sha256 === undefined ? await run.store.read(key) : await run.store.readVerified({ key, sha256 });
  if (bytes === undefined) throw missingArtifact(key);
  return parseLines<TrainingExample>(bytes);
}
