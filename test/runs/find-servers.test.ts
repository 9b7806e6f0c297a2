/** Which Temporal server a command uses, and what it says where there is none. Nothing is connected to here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { loadConfig } from '../../src/machine/config';
import { findServers, runningServers } from '../../src/runs/find-servers';
import { withServers } from '../../src/runs/with-platform';
import { messageOf } from '../support/message-of';
import { writeRunningPlatform } from '../support/running-platform';

let maftHome: string;
const environment = { ...process.env };

/** Another cluster's default profile, as somebody may have it: only a server of one's own is connected to with it. */
const foreignProfile = '[profile.default]\naddress = "192.0.2.1:7233"\nnamespace = "theirs"\napi_key = "for others"\n';

beforeEach(() => {
  maftHome = mkdtempSync(join(tmpdir(), 'maft-servers-'));
  for (const name of Object.keys(process.env)) if (/^(MAFT|TEMPORAL)_/.test(name)) delete process.env[name];
  writeFileSync(join(maftHome, 'temporal.toml'), foreignProfile);
  Object.assign(process.env, { MAFT_HOME: maftHome, TEMPORAL_CONFIG_FILE: join(maftHome, 'temporal.toml') });
});

afterEach(() => {
  process.env = { ...environment };
  rmSync(maftHome, { recursive: true });
});

const find = () => findServers(loadConfig());

function platformRuns(state: object = { namespace: 'ml' }): void {
  writeRunningPlatform(maftHome, { uiUrl: 'http://127.0.0.1:8299', modelServerUrl: 'http://m:1', ...state });
}

test('without an address and without `maft up` there is no server, whatever the default profile says', () => {
  expect(find()).toBeUndefined();
  const message = messageOf(() => runningServers(loadConfig()));
  expect(message).toContain(`no \`maft up\` is running on ${maftHome}. Set TEMPORAL_ADDRESS, or start \`npx maft up\``);
});

test('commands that only look then end with exit code 2 and that sentence', async () => {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await main(['status']);
    expect(write.mock.calls).toEqual([[expect.stringMatching(/^maft: there is no Temporal server to use: .*\n$/)]]);
    expect(process.exitCode).toBe(2);
  } finally {
    process.exitCode = undefined;
    write.mockRestore();
  }
});

test('a running `maft up` is found with its own namespace and model server, and without the TLS and keys of a profile', () => {
  platformRuns();
  expect(find()).toMatchObject({
    target: { connectionOptions: { address: '127.0.0.1:7299' }, namespace: 'ml' },
    modelServerUrl: 'http://m:1',
  });
  expect(find()?.target.connectionOptions).toEqual({ address: '127.0.0.1:7299' });
});

test('a `maft up` of an older version, whose file names no namespace, has that of the environment', () => {
  platformRuns({});
  expect(find()?.target.namespace).toBe('default');
  process.env.TEMPORAL_NAMESPACE = 'mine';
  expect(find()?.target.namespace).toBe('mine');
});

test('a `maft up` beside a server of the user’s own is found with the keys for that server', () => {
  platformRuns({ namespace: 'ml', uiUrl: null, temporalAddress: 'temporal.example:7233' });
  expect(find()?.target).toMatchObject({
    connectionOptions: { address: 'temporal.example:7233', apiKey: 'for others' },
    namespace: 'ml',
  });
});

test('the worker of `maft up` is told its server, and goes there without keys', () => {
  process.env.MAFT_EMBEDDED_TEMPORAL = '127.0.0.1:1234';
  expect(find()?.target).toEqual({ connectionOptions: { address: '127.0.0.1:1234' }, namespace: 'default' });
});

test('TEMPORAL_ADDRESS goes before all of them, with the rest of the profile; empty variables say nothing', () => {
  platformRuns();
  Object.assign(process.env, { TEMPORAL_ADDRESS: 'own:7233', TEMPORAL_API_KEY: '', TEMPORAL_NAMESPACE: '' });
  const target = { connectionOptions: { address: 'own:7233', apiKey: 'for others' }, namespace: 'theirs' };
  expect(find()).toMatchObject({ target, modelServerUrl: null });
});

test.each(['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'])(
  'a certificate that is not there is a matter of configuration, and named: %s',
  (variable) => {
    Object.assign(process.env, { TEMPORAL_ADDRESS: 'own:7233', [variable]: '/nosuch/certificate.pem' });
    expect(messageOf(find)).toMatch(/^Temporal's configuration cannot be read: .*\/nosuch\/certificate\.pem/);
  },
);

test('a MAFT_DATA beside a running `maft up` that reads another folder is refused, not ignored', async () => {
  platformRuns({ uiUrl: null, modelServerUrl: null, data: '/data/theirs' });
  process.env.MAFT_DATA = '/data/mine';
  const request = {
    command: 'run',
    ...{ engine: {}, specifications: [] },
    model: () => Promise.resolve(null),
    listener: () => undefined,
    interrupted: new AbortController().signal,
  };
  await expect(withServers(request, () => Promise.resolve())).rejects.toThrow(
    /MAFT_DATA is \/data\/mine here, but the running maft up \(process \d+\) reads \/data\/theirs: leave MAFT_DATA out/,
  );
  // A server elsewhere has workers of its own, whatever runs on this MAFT_HOME.
  process.env.TEMPORAL_ADDRESS = '127.0.0.1:1';
  await expect(withServers(request, () => Promise.resolve())).rejects.toThrow(/127\.0\.0\.1:1/);
});

test('a running `maft up` is not used for a run that asks for another engine', async () => {
  platformRuns({ uiUrl: null, modelServerUrl: null, data: '/data/theirs' });
  const request = {
    command: 'run',
    ...{ engine: { engine: 'vllm' as const }, specifications: [] },
    model: () => Promise.resolve(null),
    listener: () => undefined,
    interrupted: new AbortController().signal,
  };
  await expect(withServers(request, () => Promise.resolve())).rejects.toThrow(
    /--engine and its options are for servers that this command starts, and the running maft up .* is used/,
  );
});
