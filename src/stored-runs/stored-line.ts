/**
 * A line as the store holds it: the one reader and writer of its records. Everything is written once; creating the next
 * number is the compare-and-swap, so two writers of a version cannot both win (docs/decisions, 27).
 */
import { missingArtifact } from '../artifacts/damage';
import { parseLines, publishLines } from '../artifacts/lines';
import { publishSealed, readSealed } from '../artifacts/sealed';
import type { HeldOutLook, HeldOutSet, LineRecord, LineVersion, UsedProblem, UsedProblems } from '../contract/line';
import type { Problem, ReferenceAnswer } from '../contract/problem';
import { lineNameSchema } from '../contract/specification';
import { sha256 } from '../domain/digests';
import { lineKeys } from '../domain/keys';
import { describeVersion } from '../domain/lines/versions';
import { normalisedText } from '../domain/normalised-text';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { suggestion } from '../specification/nearest';

export type HeldOutProblem = Problem & { answer?: string };

/** Every method throws `ArtifactError` for a damaged file. */
export class StoredLine {
  constructor(
    readonly store: ArtifactStore,
    readonly record: LineRecord,
  ) {}

  /** Undefined if the store knows no such line. */
  static async find(store: ArtifactStore, name: string): Promise<StoredLine | undefined> {
    const record = await readSealed<LineRecord>(store, lineKeys.record(name));
    return record && new StoredLine(store, record);
  }

  get name(): string {
    return this.record.name;
  }

  /** Ascending; the last one is current. */
  versions(): Promise<LineVersion[]> {
    return this.numbered<LineVersion>((number) => lineKeys.version(this.name, number));
  }

  /** Throws `InvalidRunSpec` if an interrupted `maft line create` left none. */
  async current(): Promise<LineVersion> {
    const current = (await this.versions()).at(-1);
    if (current !== undefined) return current;
    throw new InvalidRunSpec([`line "${this.name}" has no version yet: repeat the \`maft line create\` that made it`]);
  }

  /**
   * Makes the version after `parent` current. Throws `InvalidRunSpec`, which names the winner, if another one has taken
   * that place.
   */
  async append(content: Omit<LineVersion, 'number'>): Promise<LineVersion> {
    const { version, created } = await this.appendIfCurrent(content);
    if (created) return version;
    throw new InvalidRunSpec([
      `line "${this.name}": ${describeVersion(version)} was made current first, by ${version.by} at ${version.at}: ` +
        `look at it with \`maft line show ${this.name}\`, and repeat the command if it is still wanted`,
    ]);
  }

  /** As `append`, but returns the version that has taken the place. */
  async appendIfCurrent(content: Omit<LineVersion, 'number'>): Promise<{ version: LineVersion; created: boolean }> {
    const number = (content.parent ?? 0) + 1;
    const key = lineKeys.version(this.name, number);
    const { content: version, created } = await publishSealed<LineVersion>(this.store, key, { number, ...content });
    return { version, created };
  }

  /** Ascending; the last one is what runs are evaluated on. */
  heldOutSets(): Promise<HeldOutSet[]> {
    return this.numbered<HeldOutSet>((number) => lineKeys.heldOut(this.name, number));
  }

  /** The newest held-out set. Throws `InvalidRunSpec` if an interrupted `maft line create` left none. */
  async newestHeldOut(): Promise<HeldOutSet> {
    const newest = (await this.heldOutSets()).at(-1);
    if (newest !== undefined) return newest;
    throw new InvalidRunSpec([`line "${this.name}" has no held-out problems: repeat the \`maft line create\``]);
  }

  /** With their reference answers, if they have any. */
  async heldOutProblems({ problems, references }: HeldOutSet): Promise<HeldOutProblem[]> {
    const answers = parseLines<ReferenceAnswer>(await this.store.readVerified(references));
    const byId = new Map(answers.map(({ id, answer }) => [id, answer]));
    return parseLines<Problem>(await this.store.readVerified(problems)).map((problem) => {
      const answer = byId.get(problem.id);
      return { ...problem, ...(answer === undefined ? {} : { answer }) };
    });
  }

  /** Publishes set `number`; returns what is stored, which is another's if that one was first. */
  async addHeldOut(
    drawn: { problems: readonly HeldOutProblem[]; labelled: boolean },
    rest: Pick<HeldOutSet, 'number' | 'sources' | 'by' | 'why' | 'at'>,
  ): Promise<{ heldOut: HeldOutSet; created: boolean }> {
    const { store, name } = this;
    const { number } = rest;
    const withoutAnswer = drawn.problems.map(({ answer: _, ...problem }) => problem);
    const answers = drawn.labelled ? drawn.problems.map(({ id, answer }) => ({ id, answer })) : [];
    const set: HeldOutSet = {
      ...rest,
      problems: await publishLines(store, lineKeys.heldOutProblems(name, number), withoutAnswer),
      references: await publishLines(store, lineKeys.heldOutReferences(name, number), answers),
      size: drawn.problems.length,
      labelled: drawn.labelled,
    };
    const { content, created } = await publishSealed(store, lineKeys.heldOut(name, number), set);
    return { heldOut: content, created };
  }

  /** How often gates have tested on a set so far. */
  async looks(heldOut: number): Promise<HeldOutLook[]> {
    return this.numbered<HeldOutLook>((look) => lineKeys.look(this.name, { heldOut, look }));
  }

  /** The number of a run's look at a set, from 1; the same one however often it is asked for. */
  async lookOf(run: string, { heldOut, at }: { heldOut: number; at: string }): Promise<number> {
    const before = await this.looks(heldOut);
    const own = before.findIndex((look) => look.run === run);
    if (own >= 0) return own + 1;
    for (let look = before.length + 1; ; look += 1) {
      const key = lineKeys.look(this.name, { heldOut, look });
      const { content } = await publishSealed<HeldOutLook>(this.store, key, { run, at });
      if (content.run === run) return look;
    }
  }

  /** What a run of the line trains on; undefined if it has not drawn its problems yet. */
  async used(runId: string): Promise<UsedProblem[] | undefined> {
    return (await readSealed<UsedProblems>(this.store, lineKeys.used(this.name, runId)))?.problems;
  }

  /** Returns what is stored: an earlier attempt's draw, if there was one. */
  async recordUsed(runId: string, problems: UsedProblem[]): Promise<UsedProblem[]> {
    const { content } = await publishSealed<UsedProblems>(this.store, lineKeys.used(this.name, runId), { problems });
    return content.problems;
  }

  /** Returns to the source what a run has drawn and will not train on. */
  async release(runId: string, problems: UsedProblem[]): Promise<void> {
    await publishSealed<UsedProblems>(this.store, lineKeys.released(this.name, runId), { problems });
  }

  /** What the run has drawn and not returned. */
  async kept(runId: string): Promise<UsedProblem[]> {
    const released = await readSealed<UsedProblems>(this.store, lineKeys.released(this.name, runId));
    const open = new Set(released?.problems.map(({ digest }) => digest));
    return ((await this.used(runId)) ?? []).filter(({ digest }) => !open.has(digest));
  }

  /** Ids of runs that have drawn training problems. */
  async usingRuns(): Promise<string[]> {
    const keys = await this.store.list(lineKeys.usedFolder(this.name));
    return keys.map((key) => key.slice(lineKeys.usedFolder(this.name).length + 1).replace(/\.json$/, ''));
  }

  /** Questions that no further run may train on. */
  async taken(): Promise<{ size: number; has: (normalised: string) => boolean }> {
    const digests = new Set<string>();
    for (const heldOut of await this.heldOutSets())
      (await this.heldOutProblems(heldOut)).forEach(({ question }) => digests.add(questionDigest(question)));
    for (const runId of await this.usingRuns()) (await this.kept(runId)).forEach(({ digest }) => digests.add(digest));
    return { size: digests.size, has: (text) => digests.has(sha256(text)) };
  }

  /** Throws `ArtifactError` where a record is missing below a later one: to go on there would write a second history. */
  private async numbered<Content extends object>(keyOf: (number: number) => string): Promise<Content[]> {
    const found: Content[] = [];
    for (let number = 1; ; number += 1) {
      const content = await readSealed<Content>(this.store, keyOf(number));
      if (content === undefined) break;
      found.push(content);
    }
    const next = keyOf(found.length + 1);
    const later = (await this.store.list(next.slice(0, next.lastIndexOf('/')))).filter(
      (key) => /\/\d{6}\.json$/.test(key) && key > next,
    );
    if (later.length > 0) throw missingArtifact(next);
    return found;
  }
}

/** SHA-256 (hex) of the normalised question: what `used` records. */
export function questionDigest(question: string): string {
  return sha256(normalisedText(question));
}

/** Names of all lines in the store. */
export async function storedLineNames(store: ArtifactStore): Promise<string[]> {
  return (await store.list('lines')).map((key) => key.slice('lines/'.length));
}

/** @param field Names what was given, in the problem. Throws `InvalidRunSpec` for a line that does not exist. */
export async function findLine(store: ArtifactStore, name: string, field = 'line'): Promise<StoredLine> {
  // A name is part of a key: one that no line can have is looked up nowhere.
  const line = lineNameSchema.safeParse(name).success ? await StoredLine.find(store, name) : undefined;
  if (line !== undefined) return line;
  const known = await storedLineNames(store);
  throw new InvalidRunSpec([
    `${field}: ${JSON.stringify(name)} names no line of this store${suggestion(name, known)} ` +
      `(lines: ${known.slice(0, 20).join(', ') || 'none'})`,
  ]);
}
