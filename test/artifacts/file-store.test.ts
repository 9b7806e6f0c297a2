/** Write-once files on a real file system: races, corruption, and disks in trouble. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { storageError } from '../../src/artifacts/storage-error';
import { ArtifactError } from '../../src/errors';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

test.each(['EPERM', 'ENOTSUP', 'ENOSYS'])(
  'a file system without hard links (%s) is named as such, not as permissions',
  (code) => {
    const cause = Object.assign(new Error(code), { code, syscall: 'link' });
    const error = storageError('runs/a/run.json', 'cannot be published', cause);
    expect(error.message).toMatch(/cannot be published: the store's file system has no hard links .* MAFT_STORE/);
    expect(error.isRefused).toBe(true);
  },
);

describe('a store in a folder', () => {
  let root: string;
  let store: FileArtifactStore;

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'maft-store-'));
    store = new FileArtifactStore(root);
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  test('what was published is read back byte for byte, with its digest', async () => {
    const { created, reference } = await store.publish('runs/a/run.json', 'ŷ = 36\n');
    expect(created).toBe(true);
    expect(reference).toEqual({ key: 'runs/a/run.json', sha256: digest('ŷ = 36\n') });
    expect((await store.read('runs/a/run.json'))?.toString()).toBe('ŷ = 36\n');
    expect((await store.readVerified(reference)).toString()).toBe('ŷ = 36\n');
  });

  test('of 50 concurrent publishers one wins, and all see its bytes and its digest', async () => {
    const attempts = Array.from({ length: 50 }, (_, index) => store.publish('runs/a/turn.json', `attempt ${index}`));
    const results = await Promise.all(attempts);
    const winners = results.filter(({ created }) => created);
    expect(winners).toHaveLength(1);
    const winner = winners[0]!.stored.toString();
    expect(new Set(results.map(({ stored }) => stored.toString()))).toEqual(new Set([winner]));
    expect(new Set(results.map(({ reference }) => reference.sha256))).toEqual(new Set([digest(winner)]));
    expect(await readFile(path.join(root, 'runs/a/turn.json'), 'utf8')).toBe(winner);
  });

  test('a stale attempt that wakes up late changes nothing', async () => {
    await store.publish('runs/a/turn.json', 'first');
    const late = await store.publish('runs/a/turn.json', 'late');
    expect(late).toMatchObject({ created: false, stored: Buffer.from('first') });
    expect((await store.read('runs/a/turn.json'))?.toString()).toBe('first');
  });

  test('nothing half-written is left where results are looked for, nor behind', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, index) => store.publish('runs/a/turn.json', `attempt ${index}`)));
    expect(await store.list('runs/a')).toEqual(['runs/a/turn.json']);
    expect(await readdir(path.join(root, '.attempts'))).toEqual([]);
  });

  test('what is not there is undefined to read, an error where it has to be there, and nothing to list', async () => {
    expect(await store.read('runs/none/run.json')).toBeUndefined();
    await expect(store.readVerified({ key: 'runs/none', sha256: digest('') })).rejects.toThrow('runs/none: is missing');
    await expect(store.localPath('models/none')).rejects.toThrow('models/none: is missing');
    expect(await store.list('runs/none')).toEqual([]);
  });

  test.each(['../outside', 'runs/../../outside', '/etc/passwd', '', '.', 'runs/..'])(
    'the key %j leaves the store and is refused',
    async (key) => {
      await expect(store.read(key)).rejects.toThrow('leaves the store');
      await expect(store.publish(key, 'x')).rejects.toThrow(ArtifactError);
      await expect(store.writeView(key, 'x')).rejects.toThrow(ArtifactError);
      await expect(store.publishDirectory(root, key)).rejects.toThrow(ArtifactError);
    },
  );

  test('a changed file is named with both digests and never used', async () => {
    const { reference } = await store.publish('runs/a/transcripts/shard-00.jsonl', '{"problemId":"p"}\n');
    await writeFile(path.join(root, reference.key), '{"problemId":"q"}\n');
    const error = (await store.readVerified(reference).catch((thrown: unknown) => thrown)) as ArtifactError;
    expect(error).toBeInstanceOf(ArtifactError);
    expect(error).toMatchObject({ key: reference.key, retryable: false });
    for (const part of [reference.key, reference.sha256, digest('{"problemId":"q"}\n')])
      expect(error.message).toContain(part);
  });

  test('where an artifact is or would be is said without making it', async () => {
    expect(store.addressOf()).toBe(root);
    expect(store.addressOf('runs/none')).toBe(path.join(root, 'runs', 'none'));
    expect(await store.list('runs')).toEqual([]);
  });

  test('work is removed with all that is in it, and twice is as good as once', async () => {
    const work = await store.workDirectory('training/done');
    await writeFile(path.join(work, 'checkpoint'), 'x');
    await store.removeWork('training/done');
    await store.removeWork('training/done');
    await expect(readdir(work)).rejects.toThrow('ENOENT');
  });

  test('a view is overwritten as a whole', async () => {
    await store.writeView('runs/a/report.html', 'a long first version');
    await store.writeView('runs/a/report.html', 'second');
    expect((await store.read('runs/a/report.html'))?.toString()).toBe('second');
  });

  describe('a folder', () => {
    const weights = async (content: string): Promise<string> => {
      const folder = path.join(await store.workDirectory(`training/${content}`), 'output');
      await mkdir(folder);
      await writeFile(path.join(folder, 'model.safetensors'), content);
      return folder;
    };

    test('is published once: the second attempt changes nothing and learns that it was late', async () => {
      expect(await store.publishDirectory(await weights('first'), 'models/run.i1.critic-1.0a1b2c3d')).toBe(true);
      expect(await store.publishDirectory(await weights('second'), 'models/run.i1.critic-1.0a1b2c3d')).toBe(false);
      const local = await store.localPath('models/run.i1.critic-1.0a1b2c3d');
      expect(await readFile(path.join(local, 'model.safetensors'), 'utf8')).toBe('first');
    });

    test('has one winner among concurrent attempts', async () => {
      const folders = await Promise.all(Array.from({ length: 10 }, (_, index) => weights(`attempt-${index}`)));
      const created = await Promise.all(folders.map((folder) => store.publishDirectory(folder, 'models/m')));
      expect(created.filter(Boolean)).toHaveLength(1);
      const winner = await readFile(path.join(root, 'models/m/model.safetensors'), 'utf8');
      expect(winner).toBe(`attempt-${created.indexOf(true)}`);
    });
  });

  test('attempts that died more than a day ago are swept away, younger ones are left to finish', async () => {
    const attempts = path.join(root, '.attempts');
    await mkdir(attempts);
    await writeFile(path.join(attempts, 'dead'), '');
    await writeFile(path.join(attempts, 'young'), '');
    const twoDaysAgo = new Date(Date.now() - 48 * 3600 * 1000);
    await utimes(path.join(attempts, 'dead'), twoDaysAgo, twoDaysAgo);
    await store.sweepAttempts(new Date());
    expect(await readdir(attempts)).toEqual(['young']);
  });
});

/** A disk of 64 kB that can be made read-only needs a mount, which needs root; elsewhere these say that they did not run. */
const mountable = canMount();
const whereMountable = mountable === true ? describe : describe.skip;
if (mountable !== true)
  console.warn(`tests of full and read-only disks skipped: no tmpfs can be mounted here (${mountable})`);

whereMountable('a store on a disk in trouble', () => {
  let disk: string;
  let store: FileArtifactStore;

  beforeEach(async () => {
    disk = await mkdtemp(path.join(tmpdir(), 'maft-disk-'));
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk);
    store = new FileArtifactStore(disk);
  });

  afterEach(async () => {
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  test('without space: says so, may be tried again, leaves nothing torn, and works once there is space', async () => {
    await writeFile(path.join(disk, 'ballast'), Buffer.alloc(40_000));
    const error = (await store
      .publish('runs/a/big', Buffer.alloc(40_000))
      .catch((thrown: unknown) => thrown)) as ArtifactError;
    expect(error).toBeInstanceOf(ArtifactError);
    expect(error.message).toContain('runs/a/big: cannot be written: no space left');
    expect(error.retryable).toBe(true);
    expect(await store.read('runs/a/big')).toBeUndefined();
    await rm(path.join(disk, 'ballast'));
    expect((await store.publish('runs/a/big', Buffer.alloc(40_000))).created).toBe(true);
  });

  test('read-only: says what to change, is not tried again, and what is there can be read', async () => {
    await store.publish('runs/a/run.json', '{}');
    mount('-o', 'remount,ro', disk);
    const attempts = [
      store.publish('runs/b/run.json', '{}'),
      store.writeView('runs/a/report.html', ''),
      store.workDirectory('training/x'),
      store.publishDirectory(path.join(disk, 'runs'), 'models/m'),
    ];
    for (const attempt of attempts) {
      const error = (await attempt.catch((thrown: unknown) => thrown)) as ArtifactError;
      expect(error).toBeInstanceOf(ArtifactError);
      expect(error.message).toContain('not writable');
      expect(error.message).toContain('MAFT_STORE');
      expect(error.retryable).toBe(false);
    }
    expect((await store.read('runs/a/run.json'))?.toString()).toBe('{}');
  });
});

function mount(...options: string[]): void {
  execFileSync('mount', options, { stdio: 'pipe' });
}

/** True, or why not. */
function canMount(): true | string {
  if (process.platform !== 'linux') return process.platform;
  if (process.getuid?.() !== 0) return 'not root';
  try {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt');
    execFileSync('umount', ['/mnt']);
    return true;
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? 'mount failed';
  }
}
