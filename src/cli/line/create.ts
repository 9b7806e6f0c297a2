/** `maft line create`: fixes what all runs of a line share, draws its held-out problems, and makes its first version. */
import { publishSealed } from '../../artifacts/sealed';
import { untunedSocietyName, type LineRecord, type LineVersion } from '../../contract/line';
import type { RunSpecification } from '../../contract/specification';
import { lineNameSchema } from '../../contract/specification';
import { digestOf } from '../../domain/digests';
import { pinnedLike } from '../../domain/hub-names';
import { lineKeys } from '../../domain/keys';
import { isTest } from '../../domain/lines/gate';
import { misfits } from '../../domain/starting-society';
import { InvalidRunSpec } from '../../errors';
import type { ArtifactStore } from '../../ports';
import { parseLine } from '../../specification/line';
import { findSociety } from '../../stored-runs/find-society';
import { StoredLine } from '../../stored-runs/stored-line';
import { trainedQuestions, type SocietyPlace } from '../../stored-runs/trained-questions';
import { drawHeldOut, type RunTasks } from '../../tasks';

export interface CreateRequest {
  name: string;
  /** `RUN[@ITERATION]`, or `base`. */
  from: string;
  /** The content of `line.yaml`. */
  raw: unknown;
  by: string;
  why: string;
  tasksOf: (specification: RunSpecification) => RunTasks;
}

/** Draws and checks before it writes anything; repeated after an interruption, it completes the line. */
export async function createLine(store: ArtifactStore, request: CreateRequest): Promise<LineVersion> {
  const { name, from, raw, by, why, tasksOf } = request;
  refuseName(name);
  const { specification, ...parsed } = parseLine(raw);
  const start = from === untunedSocietyName ? undefined : await startingPlace(store, from, specification);
  const trained = await trainedQuestions(store, start);
  const drawn = await drawHeldOut(tasksOf(specification), {
    seed: parsed.seed,
    wanted: (specification.evalTask ?? specification.task).eval,
    needsReferences: isTest(parsed.promotion),
    taken: trained,
  });
  const at = new Date().toISOString();
  const line = await recordLine(store, { name, ...parsed, by, createdAt: at });
  await line.addHeldOut(drawn, { number: 1, sources: drawn.sources, by, why, at });
  const society = start === undefined ? untunedSocietyName : `${start.runId}@${start.iteration}`;
  return line.append({ society, parent: null, run: null, evidence: null, decision: 'created', by, why, at });
}

function refuseName(name: string): void {
  if (lineNameSchema.safeParse(name).success) return;
  throw new InvalidRunSpec([
    `name: ${JSON.stringify(name)} is not a name for a line; use up to 80 letters, digits, "_", "-" and ".", not "." first`,
  ]);
}

async function startingPlace(
  store: ArtifactStore,
  from: string,
  specification: RunSpecification,
): Promise<SocietyPlace> {
  const { society, record } = await findSociety(store, from, '--from');
  const like = pinnedLike({ ...specification, iterations: 0 }, record.specification);
  const problems = misfits(like, society, record.specification);
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  return { runId: society.runId, iteration: society.iteration };
}

/** Adopts the record of an interrupted creation with the same settings. */
async function recordLine(store: ArtifactStore, record: LineRecord): Promise<StoredLine> {
  const { content, created } = await publishSealed<LineRecord>(store, lineKeys.record(record.name), record);
  const line = new StoredLine(store, content);
  const settings = ({ by: _by, createdAt: _at, ...rest }: LineRecord) => digestOf(rest);
  if (created || (settings(content) === settings(record) && (await line.versions()).length === 0)) return line;
  throw new InvalidRunSpec([
    `line "${record.name}" exists: \`maft line show ${record.name}\` shows it; what a line fixes never changes, so choose another name`,
  ]);
}
