import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { exampleTwins } from '../../src/examples';
import { loadSpecificationFile, resolveSpecification } from '../../src/specification';

describe('examples', () => {
  it('have a JSON twin each, with the content of the YAML (else: npm run examples)', async () => {
    const twins = await exampleTwins();
    expect(twins.map(({ yaml }) => path.basename(yaml))).toEqual(
      expect.arrayContaining(['demo.yaml', 'tiny-proof.yaml']),
    );
    for (const { json, content } of twins) expect(readFileSync(json, 'utf8')).toBe(content);
  });

  it('mean the same run whether started from YAML or from JSON', async () => {
    for (const { yaml, json } of await exampleTwins()) {
      expect(existsSync(json)).toBe(true);
      const fromJson = resolveSpecification(JSON.parse(readFileSync(json, 'utf8')));
      expect(fromJson.digest).toBe(resolveSpecification(await loadSpecificationFile(yaml)).digest);
    }
  });

  it('say what they need and what they cost', async () => {
    for (const { yaml } of await exampleTwins()) {
      const comments = readFileSync(yaml, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('#'))
        .join('\n');
      expect(comments).toMatch(/needs:/i);
      expect(comments).toMatch(/costs/i);
    }
  });
});
