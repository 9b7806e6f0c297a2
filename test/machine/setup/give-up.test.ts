/** Ctrl-C during set-up: what it has running ends, and nothing more is started. */
import { giveUpCommands, runCommand } from '../../../src/machine/setup/command';

test('commands that run are ended, and those that would follow are not started', async () => {
  const running = runCommand('/bin/sh', ['-c', 'echo begun; sleep 60'], { onLine: giveUpCommands });
  expect(await running).toMatchObject({ exitCode: null, stdout: 'begun\n' });
  expect(await runCommand('/bin/echo', ['more'])).toEqual({ exitCode: null, stdout: '', output: '' });
});
