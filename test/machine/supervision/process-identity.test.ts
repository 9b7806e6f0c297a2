/** Which processes count as running, asked of real ones. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { testPython } from '../../support/model-server';
import { identityOf, isRunning, waitUntilGone } from '../../../src/machine/supervision/process-identity';

const onLinux = process.platform === 'linux' ? test : test.skip;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('a process is running until it ends, and its number alone never means it', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  children.push(child);
  const identity = identityOf(child.pid!)!;
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, startTime: 'another time' })).toBe(false);
  child.kill('SIGKILL');
  expect(await waitUntilGone(identity, 5_000)).toBe(true);
  expect(identityOf(child.pid!)).toBeUndefined();
});

// Where there is no /proc, `ps` says so itself: there a zombie has no threads.
onLinux('a process whose main thread has ended is running while another thread of it lives', async () => {
  const program = [
    'import ctypes, sys, threading',
    'threading.Thread(target=sys.stdin.read).start()',
    'print("started", flush=True)',
    'ctypes.CDLL(None).pthread_exit(None)',
  ].join('\n');
  const child = spawn(testPython, ['-c', program], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  const identity = identityOf(child.pid!)!;
  expect(await waitUntilGone(identity, 500)).toBe(false);
  child.stdin.end();
  expect(await waitUntilGone(identity, 5_000)).toBe(true);
});
