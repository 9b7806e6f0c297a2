/** Temporal's own download of its CLI. The address publishes no checksums: the caller knows the program's own. */
import { join } from 'node:path';
import { ConfigError } from '../../errors';
import { runCommand } from './command';
import { download } from './download';
import type { SetupListener } from './progress';

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
