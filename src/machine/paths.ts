/**
 * Where things are. One function per place; nothing here creates a folder or reads a file other than `package.json`.
 * The repository root is the folder of the program itself (sources or `dist/`); `MAFT_HOME` is the user's working state.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const packageName = 'multiagent-finetuning';

interface PackageManifest {
  name: string;
  version: string;
}

type Environment = Record<string, string | undefined>;

/** The folder that holds this program's `package.json`, `python/` and `models/`, found by walking up from this file. */
export function repositoryRoot(): string {
  return located().root;
}

/** Version of this program, from its `package.json`. */
export function packageVersion(): string {
  return located().manifest.version;
}

/** `$MAFT_HOME`, else `.maft` below the current folder; absolute. Always local, holds logs, ports and the Temporal database. */
export function maftHome(environment: Environment = process.env): string {
  return resolve(environment.MAFT_HOME || '.maft');
}

/** `$MAFT_STORE`, else `$MAFT_HOME`: root of runs and models. An address such as `s3://bucket/prefix` is returned as it is. */
export function storeRoot(environment: Environment = process.env): string {
  const store = environment.MAFT_STORE;
  if (!store) return maftHome(environment);
  return store.includes('://') ? store : resolve(store);
}

/** `$MAFT_DATA`, else the current folder: what relative paths in a run specification are relative to. */
export function dataDirectory(environment: Environment = process.env): string {
  return resolve(environment.MAFT_DATA || '.');
}

/** Where the Python package `maft` lives; belongs on `PYTHONPATH`. */
export function pythonPackagesDirectory(): string {
  return join(repositoryRoot(), 'python');
}

/**
 * Folder of files that outlive a checkout (the downloaded Temporal CLI, measurements of this machine): `$XDG_CACHE_HOME`,
 * else the platform's usual cache folder.
 * Not below the repository: an installed package may be read-only, and several checkouts share one download.
 */
export function cacheDirectory(environment: Environment = process.env): string {
  const usual = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return join(resolve(environment.XDG_CACHE_HOME || usual), packageName);
}

/**
 * Folder of files that running processes of one user share (reserved ports): `$XDG_RUNTIME_DIR`, else the cache folder.
 * Never a folder that every user may write to.
 */
export function runtimeDirectory(environment: Environment = process.env): string {
  const runtime = environment.XDG_RUNTIME_DIR;
  return runtime ? join(resolve(runtime), packageName) : join(cacheDirectory(environment), 'run');
}

/** A compiled script of this program that runs as a separate process, such as `cli/main.js`. */
function compiledScript(pathBelowSource: string): string {
  return join(repositoryRoot(), 'dist', 'src', pathBelowSource);
}

/** What ends a child process together with the one that started it. */
export function guardScript(): string {
  return compiledScript(join('machine', 'supervision', 'guard.js'));
}

/** The compiled command line, which child processes (`worker`) are started from. */
export function commandLineScript(): string {
  return compiledScript(join('cli', 'main.js'));
}

/** The demo's base model, served by default. */
export function demoModelDirectory(): string {
  return join(repositoryRoot(), 'models', 'tiny-arithmetic');
}

let found: { root: string; manifest: PackageManifest } | undefined;

function located(): { root: string; manifest: PackageManifest } {
  found ??= locate(__dirname);
  return found;
}

function locate(from: string): { root: string; manifest: PackageManifest } {
  const manifestFile = join(from, 'package.json');
  if (existsSync(manifestFile)) {
    const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as PackageManifest;
    if (manifest.name === packageName) return { root: from, manifest };
  }
  const parent = dirname(from);
  if (parent === from)
    throw new Error(`no package.json named ${packageName} above ${__dirname}: the installation is incomplete`);
  return locate(parent);
}
