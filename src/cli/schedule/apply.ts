/** `maft schedule apply FILE`: everything that `maft run` would refuse is refused before the schedule exists. */
import { loadConfig } from '../../machine/config';
import { requireServable } from '../../machine/engine';
import { openStore } from '../../machine/open-store';
import { dataDirectory, maftHome } from '../../machine/paths';
import { requireStartable } from '../../runs/before-servers';
import { findServers } from '../../runs/find-servers';
import { applySchedule, type Applied } from '../../runs/schedules';
import { withRunningServers } from '../../runs/with-platform';
import { isPlainObject } from '../../specification/plain-objects';
import { loadScheduleFile } from '../../specification/schedule';
import { withLineSettings } from '../../stored-runs/runs-of-lines';
import { findLine } from '../../stored-runs/stored-line';
import { allowTasksOf } from '../../tasks';
import type { ArtifactStore } from '../../ports';

export type AppliedSchedule = Applied & {
  id: string;
  /** What a person may not expect of these runs. */
  notes: string[];
};

/** Throws what `maft run` would throw for the specification, and `ConfigError` for a schedule that is not ours. */
export async function applyScheduleFile(file: string, { dryRun }: { dryRun: boolean }): Promise<AppliedSchedule> {
  const config = loadConfig();
  const servers = findServers(config);
  const { schedule, raw } = await loadScheduleFile(file, servers?.data ?? dataDirectory());
  const store = openStore(config);
  const completed = await withLineSettings(store, raw);
  const { specification, digest } = requireStartable(completed);
  if (servers?.engine !== undefined) requireServable({ ...config, engine: servers.engine }, [specification]);
  const notes = await notesOn(store, raw, specification.line);
  const wanted = { schedule, raw, digest: dependsOnRun(raw) ? undefined : digest };
  const applied = await withRunningServers(async ({ client }) => {
    if (!dryRun) allowTasksOf(completed, { maftHome: maftHome(), dataDirectory: dataDirectory() });
    return applySchedule(client, wanted, { dryRun });
  });
  return { id: schedule.id, ...applied, notes };
}

async function notesOn(store: ArtifactStore, raw: unknown, line: string | undefined): Promise<string[]> {
  const isSame = 'seed: run is not set, so every run';
  if (line === undefined) return dependsOnRun(raw) ? [] : [`${isSame} is the same as the one before`];
  const { number, society } = await (await findLine(store, line)).current();
  return [
    `line ${line}: its current version is ${number} (${society})`,
    ...(dependsOnRun(raw) ? [] : [`${isSame} samples with the same seeds`]),
  ];
}

function dependsOnRun(raw: unknown): boolean {
  return isPlainObject(raw) && raw.seed === 'run';
}
