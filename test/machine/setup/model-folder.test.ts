/** The check of base models before a run, by the program that server and trainer share. */
import { cpSync, mkdtempSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../../src/machine/paths';
import { requireReadableModel } from '../../../src/machine/setup/model-folder';

const python = join(repositoryRoot(), '.venv', 'bin', 'python');
const demoModel = join(repositoryRoot(), 'models', 'tiny-arithmetic');

test('the base model of the demo is one that server and trainer take', async () => {
  await requireReadableModel(python, demoModel);
});

test('a folder that they refuse is a ConfigError with their sentence', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'maft-model-')), 'model');
  cpSync(demoModel, folder, { recursive: true });
  unlinkSync(join(folder, 'model.safetensors'));
  symlinkSync('../../blobs/0123', join(folder, 'model.safetensors'));
  await expect(requireReadableModel(python, folder)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringContaining('its model.safetensors is a link to ../../blobs/0123, which does not exist'),
  });
});
