/** The training examples of a stored run, for any loss: its own training sets, or what its transcripts give for another one. */
import { missingArtifact } from '../artifacts/damage';
import { parseLines } from '../artifacts/lines';
import { readSealed } from '../artifacts/sealed';
import type { RunRecord } from '../contract/run';
import type { SelectionReport, TrainingExample, TrainingLoss } from '../contract/training';
import type { Transcript } from '../contract/transcript';
import { lossOfFormat, type DataFormat } from '../domain/data-formats';
import { iterationKeys } from '../domain/keys';
import { lossOf } from '../domain/preferences';
import { Selection } from '../domain/selection';
import { selectionSettings } from '../domain/selection-settings';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { readShards } from './stored-shards';

/** Iterations of a run whose training data have been selected, ascending. */
export async function selectedIterations(store: ArtifactStore, { runId, plan }: RunRecord): Promise<number[]> {
  const found: number[] = [];
  for (let iteration = 1; iteration <= plan.iterations; iteration += 1) {
    const selection = await readSealed<SelectionReport>(store, iterationKeys.selection({ runId, iteration }));
    if (selection === undefined) break;
    found.push(iteration);
  }
  return found;
}

/**
 * Examples by trained agent. Preferences follow the vote whatever the run selects by: no reference answer is read here.
 *
 * Throws `InvalidRunSpec` for the one request that would need references, and `ArtifactError` for a damaged file.
 */
export async function exportedExamples(
  store: ArtifactStore,
  record: RunRecord,
  { iteration, format }: { iteration: number; format: DataFormat },
): Promise<Map<string, TrainingExample[]>> {
  const { specification, plan } = record;
  const settings = selectionSettings(specification, iteration);
  const loss = lossOfFormat[format];
  const isOwn = (agent: string) =>
    lossOf(settings, agent) === loss && (loss === 'supervised' || settings.select === 'consensus');
  if (plan.trainedAgents.every(isOwn)) return storedSets(store, record, iteration);
  if (loss === 'supervised' && settings.select === 'reference') {
    throw new InvalidRunSpec([
      `--as: ${record.runId} learns preferences that reference answers decided; take dpo or kto`,
    ]);
  }
  const byVote = loss === 'supervised' ? {} : { select: 'consensus' as const, hint: false };
  const selection = new Selection({ ...settings, ...byVote, losses: everyRole(loss) });
  for (const { transcripts } of await readShards(store, record, { iteration, split: 'train' })) {
    for (const each of parseLines<Transcript>(await store.readVerified(transcripts))) selection.add(each);
  }
  return selection.finish().trainingSets;
}

function everyRole(loss: TrainingLoss) {
  return { generation: loss, critic: loss, shared: loss };
}

/** As selection wrote them, each checked against the digest that it recorded (older versions recorded none). */
async function storedSets(
  store: ArtifactStore,
  { runId, plan }: RunRecord,
  iteration: number,
): Promise<Map<string, TrainingExample[]>> {
  const place = { runId, iteration };
  const selection = await readSealed<SelectionReport>(store, iterationKeys.selection(place));
  const sets = plan.trainedAgents.map(async (agent): Promise<[string, TrainingExample[]]> => {
    const key = iterationKeys.trainingSet(place, agent);
    const sha256 = selection?.agents.find((each) => each.agent === agent)?.trainingSetSha256;
    const bytes = sha256 === undefined ? await store.read(key) : await store.readVerified({ key, sha256 });
    if (bytes === undefined) throw missingArtifact(key);
    return [agent, parseLines<TrainingExample>(bytes)];
  });
  return new Map(await Promise.all(sets));
}
