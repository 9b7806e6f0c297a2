/** `maft schedule` against the real server, and the same schedule by Temporal's own command line. Nothing is started. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { commandLineScript, repositoryRoot } from '../../src/machine/paths';
import { applySchedule } from '../../src/runs/schedules';
import { loadScheduleFile } from '../../src/specification/schedule';
import { createNamespace, type TestNamespace } from '../support/namespace';
import { testServerAddress } from '../support/temporal-server';

let namespace: TestNamespace;
const home = mkdtempSync(path.join(tmpdir(), 'maft-schedule-'));
const root = repositoryRoot();

beforeAll(async () => {
  namespace = await createNamespace();
});

afterAll(async () => {
  await namespace.close();
  rmSync(home, { recursive: true, force: true });
});

/** Runs a program at this server; resolves with its exit code and all it said. */
async function perform(program: string, words: string[]): Promise<{ code: number; said: string }> {
  const where = { TEMPORAL_ADDRESS: testServerAddress(), TEMPORAL_NAMESPACE: namespace.name };
  const temporal = process.env.MAFT_TEST_TEMPORAL_CLI ?? '';
  const programs = `${path.dirname(temporal)}:${process.env.PATH}`;
  const env = { PATH: programs, HOME: home, MAFT_HOME: home, MAFT_TEMPORAL: temporal, ...where };
  return promisify(execFile)(program, words, { cwd: root, env }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );
}

const maft = (...words: string[]) => perform(process.execPath, [commandLineScript(), 'schedule', ...words]);

function scheduleFile(changes: object = {}, ofRun: object = {}): string {
  const run = {
    task: { kind: 'arithmetic', max: 10, train: 4, eval: 4 },
    model: { base: 'models/tiny-arithmetic' },
    method: { prompts: 'compact' },
    seed: 'run',
    ...ofRun,
  };
  const file = path.join(home, 'schedule.json');
  writeFileSync(file, JSON.stringify({ id: 'tested', when: { cron: '30 2 * * 1-5' }, run, ...changes }));
  return file;
}

test('the shell script and the file beside it mean the same schedule', async () => {
  const script = path.join(root, 'infra/schedules/create-nightly.sh');
  expect(await perform('sh', [script, 'examples/tiny-night.json'])).toMatchObject({ code: 0 });
  const { schedule, raw } = await loadScheduleFile(path.join(root, 'infra/schedules/nightly.yaml'), root);
  const applied = await applySchedule(namespace.client, { schedule, raw, digest: undefined });
  expect(applied).toEqual({ outcome: 'unchanged', changes: [] });
});

test('apply creates a schedule, leaves it if nothing differs, and shows and changes what does', async () => {
  expect(await maft('apply', scheduleFile(), '--dry-run')).toMatchObject({
    said: expect.stringContaining('schedule tested: would be created') as string,
  });
  expect((await maft('show', 'tested')).said).toContain('there is no schedule "tested"');
  expect(await maft('apply', scheduleFile())).toMatchObject({ code: 0 });
  expect((await maft('apply', scheduleFile())).said).toBe('schedule tested: unchanged\n');
  const changed = scheduleFile({ when: { every: '6h', offset: '90m' } }, { iterations: 3 });
  const shown = '  ~ when=30 2 * * 1-5 (UTC) -> every 6h, 90m later\n  + run.iterations=3\n';
  expect((await maft('apply', changed, '--dry-run')).said).toBe(`schedule tested: would be updated\n${shown}`);
  expect((await maft('apply', changed)).said).toBe(`schedule tested: updated\n${shown}`);
  const handle = namespace.client.schedule.getHandle('tested');
  expect(await handle.describe()).toMatchObject({
    policies: { overlap: 'SKIP', catchupWindow: 3_600_000, pauseOnFailure: true },
    action: { workflowType: 'multiagentFinetuning', workflowId: 'maft/tested', args: [{ iterations: 3 }] },
  });
});

test('a schedule is paused with a reason, stays paused when it is changed, is resumed and deleted', async () => {
  await applySchedule(namespace.client, await wantedFrom(scheduleFile()));
  expect((await maft('pause', 'tested', '--reason', 'no GPU')).said).toContain('tested: paused');
  await applySchedule(namespace.client, await wantedFrom(scheduleFile({ pauseOnFailure: false })));
  expect((await maft('show', 'tested')).said).toMatch(/tested: .* PAUSED: no GPU \(.*\)[\s\S]*pauseOnFailure=false/);
  expect((await maft('resume', 'tested')).said).toMatch(/^tested: goes on; next \d{4}-.*T02:30:00\.000Z\n/);
  expect((await maft('delete', 'tested')).said).toContain('tested: deleted');
  expect(await maft('next', 'tested')).toMatchObject({ code: 2 });
});

test('what could not run is refused before the schedule exists', async () => {
  const { code, said } = await maft('apply', scheduleFile({}, { model: { base: 'no/such/folder' } }));
  expect({ code, said }).toEqual({
    code: 2,
    said: expect.stringContaining('"no/such/folder" does not exist') as string,
  });
  expect((await maft('list')).said).not.toContain('tested');
});

test.each([
  [{ when: { cron: '61 1 * * *' } }, 'when.cron: "61" is no minute: numbers from 0 to 59'],
  [{ when: { cron: '0 1 * * *', timeZone: 'Berlin' } }, 'when.timeZone: "Berlin" is not a time zone'],
  [{ when: { every: '1h', offset: '2h' } }, 'when.offset: "2h" is not allowed; it must be shorter'],
  [{ overlap: 'AllowAll' }, 'overlap: "AllowAll" is an unknown field'],
  [{ run: 'no/such/file.yaml' }, 'no/such/file.yaml: cannot be read'],
])('the file with %j is refused', (changes, message) =>
  expect(loadScheduleFile(scheduleFile(changes), root)).rejects.toThrow(message),
);

async function wantedFrom(file: string) {
  return { ...(await loadScheduleFile(file, root)), digest: undefined };
}
