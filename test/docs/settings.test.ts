import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSpecificationSchema } from '../../src/contract/specification';
import { generatedTables, presetsTable, replaceTable, settingsTable } from '../../src/docs/settings';
import { presetNames } from '../../src/domain/presets';
import { repositoryRoot } from '../../src/machine/paths';
import { dottedPath, leafPaths } from '../../src/specification/plain-objects';

test.each(generatedTables)(
  'the table $name in $file is what the schema says (`npm run docs` writes it)',
  (generated) => {
    const text = readFileSync(join(repositoryRoot(), generated.file), 'utf8');
    expect(text).toBe(replaceTable(text, generated));
  },
);

test('every field that a resolved specification has is in the table', () => {
  const resolved = runSpecificationSchema.parse({ task: { kind: 'arithmetic' }, model: { base: 'any' } });
  const shown = settingsTable();
  for (const path of leafPaths(resolved)) expect(shown).toContain(`| \`${dottedPath(path)}\` |`);
});

test('every preset is in the table', () => {
  for (const name of presetNames) expect(presetsTable()).toContain(`| \`${name}\` |`);
});

test('a file without markers is refused by name', () =>
  expect(() => replaceTable('no markers', generatedTables[0]!)).toThrow(/docs\/settings\.md has no markers/));
