/** Real environments with one tiny package, made from a local wheel: no network. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../../src/errors';
import { findPython } from '../../../src/machine/setup/find-python';
import { ensurePythonEnvironment } from '../../../src/machine/setup/python-environment';
import { until } from '../../support/until';

let template: string;
let folder: string;
let directory: string;
let requirementsFile: string;
let lines: string[];
const listener = (line: string) => void lines.push(line);

/** Making an environment takes seconds: most tests start from a copy of this one, which has pip and nothing else. */
beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'maft-python-template-'));
  execFileSync((await findPython()).program, ['-m', 'venv', join(template, '.venv')]);
});

afterAll(() => rmSync(template, { recursive: true }));

/** With its times: Python would compile pip again where a source is newer than what was compiled from it. */
const startFromTemplate = () =>
  cpSync(join(template, '.venv'), directory, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maft-python-'));
  directory = join(folder, '.venv');
  requirementsFile = join(folder, 'requirements.txt');
  lines = [];
  writeFileSync(requirementsFile, 'tinypackage==1.0\n');
  makeWheel((await findPython()).program, folder);
  process.env.PIP_FIND_LINKS = folder;
  process.env.PIP_NO_INDEX = '1';
});

afterEach(() => {
  delete process.env.PIP_FIND_LINKS;
  delete process.env.PIP_NO_INDEX;
  rmSync(folder, { recursive: true, force: true });
});

const ensure = () => ensurePythonEnvironment({ listener, directory, requirementsFile });
const imports = () =>
  execFileSync(join(directory, 'bin', 'python'), ['-c', 'import tinypackage; print(tinypackage.here)'], {
    encoding: 'utf8',
  }).trim();

test('an absent environment is made with what the requirements name, says so, and is not touched again', async () => {
  expect((await ensure()).program).toBe(join(directory, 'bin', 'python'));
  expect(imports()).toBe('True');
  expect(lines.join('\n')).toMatch(
    /Making a Python environment[^]*done in[^]*Installing the Python packages[^]*done in/,
  );
  lines = [];
  await ensure();
  expect(lines).toEqual([]);
});

test('an environment that has everything but no stamp is adopted, without pip', async () => {
  startFromTemplate();
  await ensure();
  rmSync(join(directory, '.maft-complete.json'));
  rmSync(join(directory, 'bin', 'pip'));
  lines = [];
  await ensure();
  expect(lines).toEqual([]);
  expect(existsSync(join(directory, '.maft-complete.json'))).toBe(true);
});

test('uv installs where the requirements pin it, as pip is configured, and pip goes on where it fails', async () => {
  startFromTemplate();
  // uv itself comes from the environment of these tests, as a wheel would bring it: what is tested is how it is asked.
  cpSync(join(dirname(process.env.MAFT_TEST_PYTHON!), 'uv'), join(directory, 'bin', 'uv'));
  installStandIn('uv', uvVersion);
  writeFileSync(requirementsFile, `uv==${uvVersion}\ntinypackage==1.0\n`);
  await ensure();
  expect(imports()).toBe('True');
  expect(readFileSync(installerOf('tinypackage-1.0'), 'utf8').trim()).toBe('uv');

  rmSync(join(directory, '.maft-complete.json'));
  execFileSync(join(directory, 'bin', 'python'), ['-m', 'pip', 'uninstall', '-qy', 'tinypackage']);
  writeFileSync(join(directory, 'bin', 'uv'), '#!/bin/sh\necho "uv is broken" >&2\nexit 2\n');
  await ensure();
  expect(lines.join('\n')).toContain('uv failed (uv is broken): going on with pip');
  expect(readFileSync(installerOf('tinypackage-1.0'), 'utf8').trim()).toBe('pip');
});

test('changed requirements are installed by the next command', async () => {
  startFromTemplate();
  writeFileSync(requirementsFile, '# nothing yet\n');
  await ensure();
  writeFileSync(requirementsFile, 'tinypackage==1.0\n');
  await ensure();
  expect(imports()).toBe('True');
});

test('a package whose unpacking was cut off is installed again', async () => {
  startFromTemplate();
  await ensure();
  rmSync(join(directory, '.maft-complete.json'));
  rmSync(join(packages(), 'tinypackage-1.0.dist-info', 'RECORD'));
  rmSync(join(packages(), 'tinypackage.py'));
  await ensure();
  expect(imports()).toBe('True');
});

test('an environment killed half-way through its making is repaired', async () => {
  const { program } = await findPython();
  const child = spawn(program, ['-m', 'venv', directory], { stdio: 'ignore', detached: true });
  await until(() => existsSync(join(directory, 'bin', 'python')));
  const exited = once(child, 'exit');
  process.kill(-child.pid!, 'SIGKILL');
  await exited;
  await ensure();
  expect(imports()).toBe('True');
});

test('of two that set up at once only one installs', async () => {
  startFromTemplate();
  await Promise.all([ensure(), ensure()]);
  expect(imports()).toBe('True');
  expect(lines.filter((line) => line.startsWith('Installing'))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith('Waiting for process'))).toHaveLength(1);
});

test('a folder that is no environment is left alone', async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'thesis.txt'), 'mine');
  await expect(ensure()).rejects.toThrow(/is not a Python virtual environment: move it away/);
  expect(readFileSync(join(directory, 'thesis.txt'), 'utf8')).toBe('mine');
});

test('a Python of the user’s own that lacks packages is refused with their names', async () => {
  startFromTemplate();
  await ensure();
  const own = ensurePythonEnvironment({ listener, ownPython: join(directory, 'bin', 'python') });
  await expect(own).rejects.toThrow(/lacks torch \(absent\), transformers \(absent\)/);
  await expect(own).rejects.toBeInstanceOf(ConfigError);
});

test('a Python of the user’s own that does not run is refused with how to mend it', async () => {
  const own = ensurePythonEnvironment({ listener, ownPython: '/nowhere/python' });
  await expect(own).rejects.toThrow(/MAFT_PYTHON is "\/nowhere\/python", which does not run/);
});

test.each([
  [
    '{"program": "/usr/bin/python3", "version": "3.9.2", "hasVenv": true}',
    /3\.10 or newer is needed, found only 3\.9\.2/,
  ],
  [
    '{"program": "/usr/bin/python3", "version": "3.12.3", "hasVenv": false}',
    /lacks the modules venv and ensurepip: install them .*python3\.12-venv/,
  ],
])('a Python that answers %s is explained', async (facts, sentence) => {
  const program = join(folder, 'old-python');
  writeFileSync(program, `#!/bin/sh\necho '${facts}'\n`);
  chmodSync(program, 0o755);
  await expect(findPython([program])).rejects.toThrow(sentence);
});

test('no Python at all is explained', async () => {
  await expect(findPython(['no-such-python'])).rejects.toThrow(/^no Python found on PATH: install Python 3\.10/);
});

const uvVersion = '0.0.1';
const packages = () => {
  const [version] = readdirSync(join(directory, 'lib'));
  return join(directory, 'lib', version!, 'site-packages');
};
const installerOf = (distribution: string) => join(packages(), `${distribution}.dist-info`, 'INSTALLER');

/** Metadata alone, so that pip takes a package for installed. */
function installStandIn(name: string, version: string): void {
  const info = join(packages(), `${name}-${version}.dist-info`);
  mkdirSync(info);
  writeFileSync(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
  writeFileSync(join(info, 'RECORD'), '');
}

/** A wheel is a zip file with three text files of metadata. */
function makeWheel(python: string, into: string): void {
  const script = `
import sys, zipfile
info = "tinypackage-1.0.dist-info"
with zipfile.ZipFile(sys.argv[1] + "/tinypackage-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tinypackage.py", "here = True\\n")
    wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: tinypackage\\nVersion: 1.0\\n")
    wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "/RECORD", "")`;
  execFileSync(python, ['-c', script, into]);
}
