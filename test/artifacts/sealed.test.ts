/** Sealed JSON carries its own digest: what was torn, edited or is something else is named and never used. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed, readSealed, requireSealed } from '../../src/artifacts/sealed';
import { ArtifactError } from '../../src/errors';

interface Completion {
  response: string;
  seed: number;
}

const key = 'runs/a/iteration-1/turns/train/p/round-1/critic-1.json';

describe('a sealed artifact', () => {
  let root: string;
  let store: FileArtifactStore;

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'maft-sealed-'));
    store = new FileArtifactStore(root);
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  const stored = async (): Promise<string> => ((await store.read(key)) ?? Buffer.alloc(0)).toString();
  const overwrite = (text: string) => writeFile(path.join(root, key), text);

  test('is read back without its seal', async () => {
    await publishSealed<Completion>(store, key, { response: '#36', seed: 7 });
    expect(await readSealed<Completion>(store, key)).toEqual({ response: '#36', seed: 7 });
    expect(JSON.parse(await stored())).toHaveProperty('sha256');
  });

  test('survives reordered fields and spacing: the digest is of the content', async () => {
    await publishSealed<Completion>(store, key, { response: '#36', seed: 7 });
    const { response, seed, sha256 } = JSON.parse(await stored()) as Completion & { sha256: string };
    await overwrite(JSON.stringify({ sha256, seed, response }, null, 2));
    expect(await readSealed<Completion>(store, key)).toEqual({ response: '#36', seed: 7 });
  });

  test('of 50 concurrent publishers with different content all return what the winner wrote', async () => {
    const attempts = Array.from({ length: 50 }, (_, seed) =>
      publishSealed<Completion>(store, key, { response: 'x', seed }),
    );
    const results = await Promise.all(attempts);
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ content }) => content.seed)).size).toBe(1);
    expect(results[0]?.content).toEqual(await readSealed(store, key));
  });

  test.each<[string, (text: string) => string]>([
    ['edited by hand', (text) => text.replace('#36', '#37')],
    ['with a field more', (text) => text.replace('{', '{"note":1,')],
    ['torn in the middle', (text) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['of zeros, as after a power cut', (text) => '\0'.repeat(text.length)],
    ['without a seal', () => '{"response":"#36","seed":7}'],
    ['no object', () => '[1]'],
    ['null', () => 'null'],
  ])('%s is corrupt: named, never used, not even by whoever wanted to publish it', async (_kind, corrupt) => {
    await publishSealed<Completion>(store, key, { response: '#36', seed: 7 });
    await overwrite(corrupt(await stored()));
    const attempts = [
      readSealed(store, key),
      requireSealed(store, key),
      publishSealed<Completion>(store, key, { response: '#36', seed: 7 }),
    ];
    for (const attempt of attempts) {
      const error = (await attempt.catch((thrown: unknown) => thrown)) as ArtifactError;
      expect(error).toBeInstanceOf(ArtifactError);
      expect(error).toMatchObject({ key, retryable: false });
      expect(error.message).toContain(`${key}: is corrupt`);
    }
  });

  test('that is missing is undefined, and an error where it has to be there', async () => {
    expect(await readSealed(store, key)).toBeUndefined();
    await expect(requireSealed(store, key)).rejects.toThrow(`${key}: is missing from the store`);
  });
});
