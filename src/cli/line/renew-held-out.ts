/** `maft line renew-held-out`: a fresh set of held-out problems, on which looks are counted anew. */
import type { HeldOutSet } from '../../contract/line';
import type { RunSpecification } from '../../contract/specification';
import { sha256 } from '../../domain/digests';
import { isTest } from '../../domain/lines/gate';
import { InvalidRunSpec } from '../../errors';
import type { ArtifactStore } from '../../ports';
import { resolveSpecification } from '../../specification';
import { findLine } from '../../stored-runs/stored-line';
import { trainedQuestions } from '../../stored-runs/trained-questions';
import { drawHeldOut, type RunTasks } from '../../tasks';
import type { Author } from './promote';

/**
 * Problems that no run of the line and no society before it was trained on, and that were never held out. Runs that are open
 * keep the set that they began with. Throws `InvalidRunSpec` if there are too few, or if somebody else renewed it first.
 */
export async function renewHeldOut(
  store: ArtifactStore,
  { name, by, why, tasksOf }: Author & { name: string; tasksOf: (specification: RunSpecification) => RunTasks },
): Promise<HeldOutSet> {
  const line = await findLine(store, name);
  const { specification } = resolveSpecification(line.record.fixed);
  const number = (await line.newestHeldOut()).number + 1;
  const taken = await line.taken();
  const societies = (await line.versions()).map(({ society }) => placeOf(society));
  const trained = await Promise.all(societies.map((society) => trainedQuestions(store, society)));
  const drawn = await drawHeldOut(tasksOf(specification), {
    seed: seedOfSet(line.record.seed, number),
    wanted: (specification.evalTask ?? specification.task).eval,
    needsReferences: isTest(line.record.promotion),
    taken: { size: taken.size, has: (text) => taken.has(text) || trained.some((questions) => questions.has(text)) },
  });
  const at = new Date().toISOString();
  const { heldOut, created } = await line.addHeldOut(drawn, { number, sources: drawn.sources, by, why, at });
  if (created) return heldOut;
  throw new InvalidRunSpec([`line "${name}": ${heldOut.by} made held-out set ${number} first, at ${heldOut.at}`]);
}

/** Undefined for `base`, which was trained on nothing. */
function placeOf(society: string) {
  const [runId = '', iteration] = society.split('@');
  return iteration === undefined ? undefined : { runId, iteration: Number(iteration) };
}

function seedOfSet(seed: number, number: number): number {
  return Number.parseInt(sha256(`held-out/${seed}/${number}`).slice(0, 8), 16) >>> 1;
}
