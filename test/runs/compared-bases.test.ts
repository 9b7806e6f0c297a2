/** The base models that a comparison's own server would offer. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { publishSealed } from '../../src/artifacts/sealed';
import type { RunSpecification } from '../../src/contract/specification';
import { runKeys } from '../../src/domain/keys';
import { comparedModels, requireComparedBases } from '../../src/runs/compared-bases';
import { resolveSpecification } from '../../src/specification';
import { MemoryArtifactStore } from '../support/memory-store';

const tiny = 'models/tiny-arithmetic';
const folder = mkdtempSync(path.join(tmpdir(), 'maft-compared-'));
cpSync(tiny, folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

function run(model: object): RunSpecification {
  const method = { members: 2, prompts: 'compact' };
  return resolveSpecification({ task: { kind: 'arithmetic', train: 2, eval: 2 }, method, model }).specification;
}

test('the members of a mixed society are served beside the common base', async () => {
  const runs = [
    { runId: 'same', specification: run({ base: tiny }) },
    { runId: 'mixed', specification: run({ base: tiny, members: [{ base: tiny }, { base: folder }] }) },
  ];
  const models = await comparedModels(new MemoryArtifactStore(), runs);
  const found = await models({ python: 'not needed', listener: () => undefined });
  expect(found?.name).toBe(tiny);
  expect(found?.further?.map((each) => each.folder)).toEqual([folder]);
});

test('a base that is not there, or a second one, is refused before servers are started', () => {
  expect(() =>
    requireComparedBases([run({ base: tiny, members: [{ base: tiny }, { base: 'no/such/folder' }] })]),
  ).toThrow('model folder "no/such/folder" does not exist');
  expect(() => requireComparedBases([run({ base: tiny }), run({ base: folder })])).toThrow(
    `this one names ${tiny}, ${folder}`,
  );
});

test('runs that have begun with two commits of one name are refused, and others take the commit of those before', async () => {
  const store = new MemoryArtifactStore();
  const begun = async (runId: string, digit: string) => {
    const specification = run({ base: `acme/small@${digit.repeat(40)}` });
    await publishSealed(store, runKeys.record(runId), { runId, specification });
  };
  const specification = run({ base: 'acme/small' });
  await begun('second', 'b');
  const runs = ['first', 'second', 'third'].map((runId) => ({ runId, specification }));
  await expect(comparedModels(store, runs)).resolves.toBeDefined();
  await begun('third', 'c');
  await expect(comparedModels(store, runs)).rejects.toThrow(/start from one base .*@b{40}, acme\/small@c{40}/);
});
