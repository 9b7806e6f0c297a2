/** The report a run has written, read back from the store. */
import { runKeys } from '../domain/keys';
import { ConfigError } from '../errors';
import type { ArtifactStore } from '../ports';
import type { Report } from '../report';
import { storedRunIds } from './stored-run';

/** @throws ConfigError if the run is unknown or nothing has been evaluated yet. */
export async function readReport(store: ArtifactStore, runId: string): Promise<Report> {
  const bytes = await store.read(runKeys.reportData(runId));
  if (bytes !== undefined) return parsed(runId, bytes);
  const known = await storedRunIds(store);
  const runs = known.length === 0 ? 'the store holds no runs' : `runs in the store: ${known.join(', ')}`;
  throw new ConfigError(`run "${runId}" has no report yet; ${runs}`);
}

function parsed(runId: string, bytes: Buffer): Report {
  try {
    return JSON.parse(bytes.toString('utf8')) as Report;
  } catch {
    throw new ConfigError(
      `the report.json of run "${runId}" is damaged: \`maft report ${runId} --rebuild\` makes it anew`,
    );
  }
}
