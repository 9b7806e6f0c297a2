/** Which society answers now: a finished one, or the current version of a line, which changes while requests come in. */
import type { RunSpecification } from '../contract/specification';
import type { Society } from '../contract/society';
import { untunedSocietyName, type LineVersion } from '../contract/line';
import { digestOf } from '../domain/digests';
import { untunedSociety } from '../domain/society';
import type { ArtifactStore } from '../ports';
import { resolveSpecification } from '../specification';
import { completedByLine } from '../specification/line';
import { findSociety } from '../stored-runs/find-society';
import { findLine, type StoredLine } from '../stored-runs/stored-line';

export interface ServedSociety {
  society: Society;
  specification: RunSpecification;
}

export interface SocietySource {
  /** The name that requests call it by. */
  readonly name: string;
  /** Requests go on with the society that they began with. */
  current(): Promise<ServedSociety>;
}

/** @param name `RUN`, `RUN@ITERATION`, … Throws `InvalidRunSpec` for a society that does not exist. */
export async function finishedSociety(store: ArtifactStore, name: string): Promise<SocietySource> {
  const { society, record } = await findSociety(store, name, 'society');
  const served = { society, specification: record.specification };
  return { name: `${society.runId}@${society.iteration}`, current: () => Promise.resolve(served) };
}

export interface LineOptions {
  /** The line is read again after this long, milliseconds. */
  everyMs: number;
  /** Told of each version that begins to answer, and of a line that cannot be read: the version before it goes on. */
  say: (message: string) => void;
}

/** Throws `InvalidRunSpec` for a line that does not exist or has no version. */
export async function lineSociety(store: ArtifactStore, name: string, options: LineOptions): Promise<SocietySource> {
  const line = await findLine(store, name);
  let answering = await line.current();
  let served = await versionOf(store, line, answering);
  let readAt = performance.now();

  const follow = async (): Promise<void> => {
    const version = await line.current();
    if (version.number === answering.number) return;
    served = await versionOf(store, line, version);
    answering = version;
    options.say(`line ${name}: version ${version.number} (${version.society}) answers from now on`);
  };
  return {
    name,
    async current() {
      if (performance.now() - readAt >= options.everyMs) {
        readAt = performance.now();
        await follow().catch((error: unknown) =>
          options.say(`line ${name} cannot be read, version ${answering.number} goes on answering: ${String(error)}`),
        );
      }
      return served;
    },
  };
}

async function versionOf(
  store: ArtifactStore,
  line: StoredLine,
  { society: name }: LineVersion,
): Promise<ServedSociety> {
  if (name !== untunedSocietyName) {
    const { society, record } = await findSociety(store, name, `line ${line.name}`);
    return { society, specification: record.specification };
  }
  const { specification } = resolveSpecification(completedByLine({ name: line.name, iterations: 0 }, line.record));
  const society = untunedSociety(untunedSocietyName, specification);
  return { specification, society: { ...society, version: digestOf(society) } };
}
