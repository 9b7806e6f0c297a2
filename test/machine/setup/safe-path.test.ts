/** Files in the folder where the program is started are never imported, whatever they are called. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonPackagesDirectory, repositoryRoot } from '../../../src/machine/paths';
import { JobRunner } from '../../../src/providers/job-runner';
import { MathVerifyGrader } from '../../../src/providers/math-verify-grader';
import { mathVerifyVersions } from '../../../src/providers/math-verify-versions';
import { isolatedModule, maftModule, pythonLines } from '../../../src/machine/python-start';
import { runCommand } from '../../../src/machine/setup/command';
import { installedPackages } from '../../../src/machine/setup/find-python';
import { requireReadableModel } from '../../../src/machine/setup/model-folder';
import { modelServer } from '../../../src/machine/supervision/programs';

const python = process.env.MAFT_PYTHON ?? join(repositoryRoot(), '.venv/bin/python');
const model = join(repositoryRoot(), 'models/tiny-arithmetic');
const pythonPath = pythonPackagesDirectory();
const before = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'maft-poisoned-'));
const imported = () => (existsSync(join(folder, 'imported')) ? readFileSync(join(folder, 'imported'), 'utf8') : '');

beforeAll(() => {
  for (const name of ['torch', 'transformers', 'pip', 'venv', 'json', 'argparse', 'multiprocessing', 'maft/__init__']) {
    mkdirSync(join(folder, 'maft'), { recursive: true });
    writeFileSync(
      join(folder, `${name}.py`),
      `open(${JSON.stringify(join(folder, 'imported'))}, 'a').write(__name__ + ' ')\n`,
    );
  }
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

test('the test would notice: `-m` imports them', async () => {
  await runCommand(python, ['-m', 'maft.serve', '--help'], { environment: { PYTHONPATH: pythonPath } });
  expect(imported()).toContain('maft');
  rmSync(join(folder, 'imported'));
});

test('the trainer', async () => {
  const trainer = new JobRunner({ python, pythonPath, device: 'cpu', killGraceMs: 1_000 });
  await trainer.warmUp();
  await trainer.close();
  expect(imported()).toBe('');
});

test('the model server', async () => {
  const program = modelServer({ python, model: { folder: model, name: 'tiny' }, modelsDirectory: folder, port: 1 });
  const result = await runCommand(python, [...program.arguments, '--help'], { environment: program.environment ?? {} });
  expect(result).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('usage: python -m maft.serve') as string,
  });
  expect(imported()).toBe('');
});

test('the grader and its workers', async () => {
  const grader = new MathVerifyGrader({ python, pythonPath, processes: 1, timeLimitMs: 30_000 });
  expect(await grader.grade([{ a: '\\frac{\\sqrt{8}}{2}', b: '\\sqrt{2}' }])).toEqual([{ equal: true }]);
  await grader.close();
  expect(mathVerifyVersions(python)).toContain('Math-Verify');
  expect(imported()).toBe('');
});

test('set-up', async () => {
  await requireReadableModel(python, model);
  expect((await installedPackages(python))?.has('torch')).toBe(true);
  expect(await runCommand(python, pythonLines('import json, torch; print(torch.__file__)'))).toMatchObject({
    exitCode: 0,
  });
  expect(await runCommand(python, isolatedModule('pip', ['--version']))).toMatchObject({ exitCode: 0 });
  expect(await runCommand(python, isolatedModule('venv', ['--help']))).toMatchObject({ exitCode: 0 });
  expect(imported()).toBe('');
});

test('a Python that has no switch for it (3.10)', () => {
  const { PYTHONSAFEPATH: _, ...environment } = process.env;
  execFileSync(python, maftModule('maft.serve', ['--help']), { env: { ...environment, PYTHONPATH: pythonPath } });
  expect(imported()).toBe('');
});
