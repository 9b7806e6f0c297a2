/** Completions, kept or lost, that were paid for under some folders of a run: the one count of them. */
import { lostCallsFor } from '../artifacts/call-notes';
import { readSealed } from '../artifacts/sealed';
import type { StoredCompletion } from '../contract/completion';
import type { CallCosts } from '../contract/costs';
import type { Usage } from '../contract/transcript';
import { addedUp, agentOfFile } from '../domain/costs';
import { countCompletions } from '../domain/completion-counts';
import { addCounts, countUsages, noCounts } from '../domain/counts';
import { iterationKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';

export interface PaidCalls {
  store: ArtifactStore;
  /** The only endpoint that can have been asked; null if there are several. Of lost calls, and of files of older versions. */
  onlyEndpoint: string | null;
  /** Reads a completion; may remember what was read before. */
  read?: (key: string) => Promise<StoredCompletion | undefined>;
  /** Only completions whose file has such a name, without `.json`; default: all. */
  isOf?: (name: string) => boolean;
}

/**
 * By agent and endpoint, in the order of their names: calls that were lost change sums, not their places.
 * @param folders As `iterationKeys.round` and `iterationKeys.revisions` name them.
 */
export async function paidCallsIn(paid: PaidCalls, folders: readonly string[]): Promise<CallCosts[]> {
  const found = await Promise.all(folders.map((folder) => callsIn(paid, folder)));
  const byPayee = addedUp(found.flat(), ({ agent, endpoint }) => `${agent} ${endpoint ?? ''}`);
  byPayee.sort((left, right) => (left.key < right.key ? -1 : 1));
  return byPayee.map(({ first: { agent, endpoint }, costs: { kept, again, adopted } }) => ({
    ...{ agent, endpoint, kept, again, adopted },
  }));
}

async function callsIn(paid: PaidCalls, folder: string): Promise<CallCosts[]> {
  const keys = new Set(await paid.store.list(folder));
  const noted = [...keys].flatMap((key) => iterationKeys.notedCompletion(key) ?? []);
  const results = new Set([...noted, ...[...keys].filter((key) => iterationKeys.notedCompletion(key) === undefined)]);
  const asked = [...results].filter((key) => paid.isOf?.(nameOf(key)) ?? true);
  return Promise.all(asked.map((key) => callsFor(paid, key, { isNoted: noted.includes(key) })));
}

/** All calls for one completion. */
async function callsFor(
  { store, onlyEndpoint, read = (key) => readSealed<StoredCompletion>(store, key) }: PaidCalls,
  key: string,
  { isNoted }: { isNoted: boolean },
): Promise<CallCosts> {
  const completion = await read(key);
  const lost = isNoted ? await lostCallsFor(store, key, { isStored: completion !== undefined }) : [];
  const made = countCompletions(completion === undefined ? [] : [completion]);
  const isAdopted = completion?.reusedFrom !== undefined;
  return {
    agent: agentOfFile(nameOf(key)),
    endpoint: completion?.endpoint ?? onlyEndpoint,
    kept: isAdopted ? noCounts : made,
    again: countLost(lost),
    adopted: isAdopted ? made : noCounts,
  };
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');
}

export function countLost(lost: readonly Usage[]) {
  return lost.length === 0 ? noCounts : addCounts(countUsages(lost), { ...noCounts, endings: { lost: lost.length } });
}
