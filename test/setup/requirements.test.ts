import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../src/paths';
import { explainPip, progressWords } from '../../src/setup/pip-install';
import { compareVersions, pinsFor, requirementsDigest } from '../../src/setup/requirements';

const shipped = join(repositoryRoot(), 'python', 'requirements.txt');

test('every line of the shipped requirements is a pin set-up understands, and names no address', () => {
  const lines = readFileSync(shipped, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^(#|-c )/.test(line));
  const understood = new Set(
    [...pinsFor(shipped, '3.10'), ...pinsFor(shipped, '3.13')].map((pin) => `${pin.name}==${pin.version}`),
  );
  expect(understood.size).toBe(lines.length);
  expect(readFileSync(shipped, 'utf8')).not.toMatch(/https?:|--index-url|--extra-index-url/);
});

test.each(['3.10', '3.11', '3.14'])('Python %s gets exactly one version of each package', (version) => {
  const names = pinsFor(shipped, version).map((pin) => pin.name);
  expect(names).toHaveLength(new Set(names).size);
  expect(names).toContain('numpy');
});

test('a CPU wheel counts as the version it was built from, and ten is more than nine', () => {
  expect(compareVersions('2.13.0+cpu', '2.13.0')).toBe(0);
  expect(compareVersions('3.10', '3.9')).toBeGreaterThan(0);
  expect(compareVersions('1.9', '1.9.1')).toBeLessThan(0);
});

test('a changed constraints file changes the digest that the stamp carries', () => {
  const folder = mkdtempSync(join(tmpdir(), 'maft-requirements-'));
  cpSync(join(repositoryRoot(), 'python'), folder, { recursive: true, filter: (path) => !path.includes('maft/') });
  const file = join(folder, 'requirements.txt');
  const before = requirementsDigest(file);
  appendFileSync(join(folder, 'constraints-cuda.txt'), 'another==1\n');
  expect(requirementsDigest(file)).not.toBe(before);
  rmSync(folder, { recursive: true });
});

test.each([
  ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /no space left/],
  [
    "Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection: [Errno -3]'",
    /cannot reach its package index/,
  ],
  ['ERROR: No matching distribution found for torch==2.13.0', /finds no torch==2.13.0 for this Python/],
  ['something else\nERROR: it broke', /exit code 1\): ERROR: it broke$/],
])('pip saying %j is explained in one line', (output, sentence) => {
  const { message } = explainPip({ exitCode: 1, stdout: '', output });
  expect(message).toMatch(sentence);
  expect(message).not.toContain('\n');
});

test('downloads are named with their size', () => {
  expect(progressWords('  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (532.4 MB)')).toBe(
    'downloading torch 2.13.0 (532.4 MB)',
  );
  expect(progressWords('Requirement already satisfied: numpy')).toBeUndefined();
});
