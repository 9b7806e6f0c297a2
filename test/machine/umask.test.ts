/** Who may read what is written, seen on real files; a whole run's files are looked at in test/e2e/whole-run. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { restrictUmask, withUsersUmask } from '../../src/machine/umask';

const before = process.umask(0o022);
const folder = mkdtempSync(path.join(tmpdir(), 'maft-umask-'));
let made = 0;

afterAll(() => {
  process.umask(before);
  rmSync(folder, { recursive: true });
});

/** Modes of a folder and a file that are made now, octal. */
function modes(): string[] {
  const [inner, file] = [path.join(folder, `folder-${++made}`), path.join(folder, `file-${made}`)];
  mkdirSync(inner);
  writeFileSync(file, '');
  return [inner, file].map((each) => (statSync(each).mode & 0o777).toString(8));
}

test.each([
  [undefined, ['700', '600']],
  ['', ['700', '600']],
  ['007', ['770', '660']],
  ['0027', ['750', '640']],
])('MAFT_UMASK=%s gives folders and files %j, and an installation the user’s own', async (mask, expected) => {
  restrictUmask({ MAFT_UMASK: mask });
  expect(modes()).toEqual(expected);
  expect(await withUsersUmask(async () => modes())).toEqual(['755', '644']);
  expect(modes()).toEqual(expected);
});

test.each(['22', '777', '0o77', 'u=rwx', '089', '700'])('MAFT_UMASK=%s is refused with what is allowed', (mask) => {
  expect(() => restrictUmask({ MAFT_UMASK: mask })).toThrow(`MAFT_UMASK is "${mask}": it must be three octal digits`);
});
