import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidRunSpec } from '../../src/errors';
import { loadSpecificationFile } from '../../src/specification';

const folder = mkdtempSync(join(tmpdir(), 'maft-specification-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'run.yaml');
  writeFileSync(path, content);
  return path;
}

test('YAML and JSON are read alike, with numbers as they are written', async () => {
  const yaml = "task: {kind: arithmetic} # the paper's\nmodel: {base: tiny}\nfinetuning: {learningRate: 2e-4}\n";
  const json = { task: { kind: 'arithmetic' }, model: { base: 'tiny' }, finetuning: { learningRate: 2e-4 } };
  expect(await loadSpecificationFile(file(yaml))).toEqual(json);
  expect(await loadSpecificationFile(file(JSON.stringify(json)))).toEqual(json);
});

test.each([
  ['task: {kind: arithmetic\nmodel: x\n', /run\.yaml:\d+:\d+: /],
  ['seed: 1\nseed: 2\n', /run\.yaml:2:1: .*unique/],
  ['seed: *nowhere\n', /run\.yaml.*nowhere/],
  ['a: 1\n---\nb: 2\n', /run\.yaml:\d+:\d+: /],
])('%j is refused with file, line and column', async (content, message) => {
  const failure = await loadSpecificationFile(file(content)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidRunSpec);
  expect((failure as Error).message).toMatch(message);
});

test('a missing file is named', () =>
  expect(loadSpecificationFile(join(folder, 'absent.yaml'))).rejects.toThrow(
    /absent\.yaml: cannot be read \(ENOENT\)/,
  ));
