/** A platform as `maft up` runs it, in a process of its own, with the real Temporal server. */
import { existsSync, readdirSync, readlinkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTemporalCli } from '../../../src/machine/setup/temporal-cli';
import { findRunningPlatform, readState } from '../../../src/machine/supervision/platform-state';
import { isRunning, waitUntilGone, type ProcessIdentity } from '../../../src/machine/supervision/process-identity';
import { anyFreePort } from '../../support/temporal-server';
import { untilTemporalAnswers } from '../../../src/machine/supervision/programs';
import { until } from '../../support/namespace';
import { PlatformHost, type HostSettings } from './platform-host';

let maftHome: string;
let temporal: string;
let hosts: PlatformHost[];
let servers: Server[];

beforeAll(async () => {
  temporal = (await ensureTemporalCli({ listener: () => undefined })).program;
});

beforeEach(() => {
  maftHome = mkdtempSync(join(tmpdir(), 'maft-platform-'));
  hosts = [];
  servers = [];
});

afterEach(() => {
  for (const host of hosts) host.destroy();
  for (const server of servers) server.close();
  rmSync(maftHome, { recursive: true, force: true });
});

function host(settings: Partial<HostSettings> = {}): PlatformHost {
  const started = new PlatformHost({ maftHome, temporal, ...settings });
  hosts.push(started);
  return started;
}

async function readyHost(settings: Partial<HostSettings> = {}): Promise<PlatformHost> {
  const started = host(settings);
  await started.event('host', 'ready');
  return started;
}

function gone(processes: ProcessIdentity[]): Promise<boolean[]> {
  return Promise.all(processes.map((process) => waitUntilGone(process, 15_000)));
}

test('a stopped platform leaves no process, ends worker, models and Temporal in this order, and exits with 0', async () => {
  const up = await readyHost();
  const children = up.children();
  expect(children.map((child) => child.name).sort()).toEqual(['model-server', 'temporal', 'temporal', 'worker']);
  expect(await up.signal('SIGTERM')).toBe(0);
  expect(children.filter(isRunning)).toEqual([]);
  const stopped = up.events.filter((event) => event.state === 'stopped').map((event) => event.process);
  expect(stopped).toEqual(['worker', 'model-server', 'temporal', 'host']);
  expect(findRunningPlatform(maftHome)).toBeUndefined();
});

test('a killed Temporal server comes back at the same address with its workflows, and the others carry on', async () => {
  const up = await readyHost();
  const address = readState(maftHome)!.temporalAddress;
  const others = up.children().filter((child) => child.name !== 'temporal');
  const { Connection, Client } = await import('@temporalio/client');
  const before = await Connection.connect({ address });
  await new Client({ connection: before }).workflow.start('kept', { taskQueue: 'nobody', workflowId: 'survivor' });
  await before.close();

  // Once the server itself, once its guard: each takes the pair with it.
  for (const index of [0, 1]) {
    const pair = up.childrenNamed('temporal');
    const from = up.events.length;
    process.kill(pair[index]!.pid, 'SIGKILL');
    await up.event('temporal', 'died', from);
    await up.event('temporal', 'ready', from);
    expect(await gone(pair)).toEqual([true, true]);
  }

  await untilTemporalAnswers(address, 'default', AbortSignal.timeout(5_000));
  const after = await Connection.connect({ address });
  const description = await new Client({ connection: after }).workflow.getHandle('survivor').describe();
  await after.close();
  expect(description.status.name).toBe('RUNNING');
  expect(others.every(isRunning)).toBe(true);
});

test.each(['worker', 'model-server'])('a killed %s is started again and the others carry on', async (name) => {
  const up = await readyHost({ standInTemporal: true });
  const [victim] = up.childrenNamed(name);
  const others = up.children().filter((child) => child.name !== name);
  const from = up.events.length;
  process.kill(victim!.pid, 'SIGKILL');
  const died = await up.event(name, 'died', from);
  await up.event(name, 'ready', from);
  expect(died.message).toMatch(/was killed \(SIGKILL\): restarting it in 0.05 s$/);
  expect(up.childrenNamed(name)).toHaveLength(1);
  expect(others.every(isRunning)).toBe(true);
});

test('when the platform itself is killed, none of its processes survives', async () => {
  const up = await readyHost();
  const children = up.children();
  await up.signal('SIGKILL');
  expect(await gone(children)).toEqual(children.map(() => true));
});

test('a server that outlived both its guard and the platform is ended by the next one, which takes the same ports', async () => {
  // Not the usual ports: a platform of another test would take those in the moment in which nobody listens.
  const [temporalPort, temporalUi] = await Promise.all([anyFreePort(), anyFreePort()]);
  writeFileSync(join(maftHome, 'up.json'), JSON.stringify(oldState({ temporal: temporalPort, temporalUi })));
  const first = await readyHost();
  const { temporalAddress, uiUrl } = readState(maftHome)!;
  expect(temporalAddress).toBe(`127.0.0.1:${temporalPort}`);
  const server = first.childrenNamed('temporal').find((child) => !isGuard(child.pid))!;
  const others = first.children().filter((child) => child.pid !== server.pid);
  // The platform is stopped first, so that it has no time to end the server when it sees the guard die; the server too,
  // because one that says anything into the pipe of a dead platform ends by itself.
  process.kill(first.pid, 'SIGSTOP');
  process.kill(server.pid, 'SIGSTOP');
  for (const { pid } of [...others, { pid: first.pid }]) process.kill(pid, 'SIGKILL');
  await gone(others);
  expect(isRunning(server)).toBe(true);

  const second = await readyHost();
  expect(isRunning(server)).toBe(false);
  expect(second.events.find((event) => event.state === 'notice')?.message).toMatch(/left behind: temporal/);
  expect(readState(maftHome)).toMatchObject({ temporalAddress, uiUrl });
});

test('an old up.json that names somebody else’s process by its number touches nobody', async () => {
  const first = await readyHost({ standInTemporal: true });
  await first.signal('SIGTERM');
  const state = readState(maftHome)!;
  const bystander = { name: 'worker', marker: 'worker', pid: process.pid, startTime: 'another time' };
  writeFileSync(
    join(maftHome, 'up.json'),
    JSON.stringify({ ...state, state: 'ready', owner: bystander, children: [bystander] }),
  );
  expect(findRunningPlatform(maftHome)).toBeUndefined();
  const second = await readyHost({ standInTemporal: true });
  expect(second.events.some((event) => event.state === 'notice')).toBe(false);
});

test('a torn up.json is no obstacle', async () => {
  writeFileSync(join(maftHome, 'up.json'), '{"version":1,"comm');
  const up = await readyHost({ standInTemporal: true });
  expect(findRunningPlatform(maftHome)?.pid).toBe(up.pid);
});

test('a second platform on the same folder is refused with the process and the address of the first', async () => {
  const first = await readyHost({ standInTemporal: true });
  const second = host({ standInTemporal: true });
  const failed = await second.event('host', 'failed');
  expect(failed.name).toBe('ConfigError');
  expect(failed.message).toContain(`process ${first.pid}, Temporal at ${readState(maftHome)!.temporalAddress}`);
  expect(
    first
      .children()
      .map((child) => child.name)
      .sort(),
  ).toEqual(['model-server', 'temporal', 'worker']);
});

test('a running platform is found with its addresses', async () => {
  const up = await readyHost({ standInTemporal: true });
  const ready = await up.event('host', 'ready');
  const { temporalAddress, uiUrl, modelServerUrl } = ready;
  const found = findRunningPlatform(maftHome);
  const addresses = { temporalAddress, namespace: 'default', uiUrl, modelServerUrl };
  expect(found).toMatchObject({ pid: up.pid, command: 'up', ready: true, ...addresses });
});

test('ports that others have taken are replaced by free ones, and it says so', async () => {
  const foreign = await listen();
  const { port } = foreign.address() as { port: number };
  writeFileSync(join(maftHome, 'up.json'), JSON.stringify(oldState({ temporal: port })));
  const up = await readyHost({ standInTemporal: true });
  expect(up.events.find((event) => event.state === 'notice')?.message).toContain(`port ${port} (temporal) is taken`);
});

test('a configured port that is taken is a sentence, not another port', async () => {
  const foreign = await listen();
  const { port } = foreign.address() as { port: number };
  const failed = await host({ standInTemporal: true, ports: { modelServer: port } }).event('host', 'failed');
  expect(failed).toMatchObject({ name: 'ConfigError' });
  expect(failed.message).toMatch(new RegExp(`^port ${port} \\(ports.modelServer in config.yaml\\) is taken`));
});

test('a Temporal program that cannot start is reported with its last words, and nothing is left running', async () => {
  writeFileSync(join(maftHome, 'broken'), '#!/bin/sh\necho "database is locked" >&2\nexit 3\n', { mode: 0o755 });
  const up = host({ temporal: join(maftHome, 'broken') });
  const failed = await up.event('host', 'failed');
  expect(failed.message).toMatch(
    /the Temporal server ended \(exit code 3\); the last line it wrote: "database is locked"; its log is .*temporal.log$/,
  );
  expect(up.children()).toEqual([]);
  expect(existsSync(join(maftHome, 'up.lock'))).toBe(false);
});

test('what children print is in their log files', async () => {
  await readyHost({ standInTemporal: true });
  expect(readFileSync(join(maftHome, 'logs', 'worker.log'), 'utf8')).toContain('{"event":"ready"}');
});

test('of platforms that start at the same moment each gets ports of its own', async () => {
  const homes = [1, 2, 3].map((number) => join(maftHome, `home-${number}`));
  const together = homes.map((home) => host({ maftHome: home, standInTemporal: true }));
  await Promise.all(together.map((platform) => platform.event('host', 'ready')));
  const ports = homes.flatMap((home) => Object.values(readState(home)!.ports));
  expect(new Set(ports).size).toBe(ports.length);
  await Promise.all(together.map((platform) => platform.signal('SIGTERM')));
  // A stopped platform lets them go: the next one on its folder gets them again.
  const again = host({ maftHome: homes[0]!, standInTemporal: true });
  await again.event('host', 'ready');
  expect(Object.values(readState(homes[0]!)!.ports)).toEqual(ports.slice(0, 3));
});

test('a web page cannot start work: no port of the Temporal server takes a text/plain post', async () => {
  const up = await readyHost();
  const server = up.childrenNamed('temporal').find((child) => !isGuard(child.pid))!;
  const body = JSON.stringify({ workflowType: { name: 'x' }, taskQueue: { name: 'q' } });
  const ports = listeningPorts(server.pid);
  expect(ports.length).toBeGreaterThan(2);
  const answers = await Promise.all(
    ports.map((port) =>
      fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/workflows/from-a-page`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain', origin: 'http://page.example' },
        body,
        signal: AbortSignal.timeout(5_000),
      }).then(
        ({ status }) => status,
        () => 'no HTTP',
      ),
    ),
  );
  expect(answers).toContain(403);
  expect(answers.filter((status) => typeof status === 'number' && status < 400)).toEqual([]);
});

test('a disk that is low is said, and an open run is paused while the server can still write', async () => {
  const { Connection, Client } = await import('@temporalio/client');
  const first = await readyHost();
  const before = await Connection.connect({ address: readState(maftHome)!.temporalAddress });
  const { workflow } = new Client({ connection: before });
  await workflow.start('multiagentFinetuning', { taskQueue: 'nobody', workflowId: 'maft/low' });
  await before.close();
  await first.signal('SIGTERM');

  writeFileSync(join(maftHome, 'config.yaml'), `disk: {marginBytes: ${Number.MAX_SAFE_INTEGER}}`);
  const up = await readyHost();
  const said = (pattern: RegExp) =>
    until(() => up.events.some(({ message = '' }) => pattern.test(message)), `${pattern}`);
  await said(/^disk: .* free in .*, below the margin of /);
  await said(/^paused while the disk takes it: maft\/low$/);
  const after = await Connection.connect({ address: readState(maftHome)!.temporalAddress });
  const { events } = await new Client({ connection: after }).workflow.getHandle('maft/low').fetchHistory();
  expect(events?.map((each) => each.workflowExecutionSignaledEventAttributes?.signalName)).toContain('pause');
  await after.close();
});

/** TCP ports on which a process listens (Linux). */
function listeningPorts(pid: number): number[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    } catch {
      return '';
    }
  });
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
    return state === '0A' && sockets.has(inode) ? [Number.parseInt(local.split(':')[1]!, 16)] : [];
  });
}

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    servers.push(server);
  });
}

function oldState(ports: Record<string, number>): object {
  const nobody = { pid: 2 ** 22 + 1, startTime: 'gone' };
  const addresses = { temporalAddress: '127.0.0.1:1', uiUrl: null, modelServerUrl: null };
  return { version: 1, command: 'up', owner: nobody, state: 'stopped', ...addresses, model: null, ports, children: [] };
}

function isGuard(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guard.js');
}
