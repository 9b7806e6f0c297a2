/** The check of base models before a run, by the program that server and trainer share. */
import { cpSync, mkdtempSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../../src/machine/paths';
import { basesAsPinned, requireReadableModel } from '../../../src/machine/setup/model-folder';

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

test('a training takes no newer weights of the Hub for the folder that its run began with', async () => {
  const asked: string[] = [];
  const find = basesAsPinned(async (name) => {
    asked.push(name);
    return { folder: demoModel, name, base: name };
  });
  await expect(find('acme/folder-elsewhere')).rejects.toThrow(
    /^the run began with the model folder "acme\/folder-elsewhere", which this machine does not have .*copy the folder here$/,
  );
  const pinned = `acme/small@${'a'.repeat(40)}`;
  await find(pinned);
  await find(demoModel);
  expect(asked).toEqual([pinned, demoModel]);
});
