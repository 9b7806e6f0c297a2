import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, resolveEndpoint } from '../../src/machine/config';
import { repositoryRoot } from '../../src/machine/paths';
import { modelServer } from '../../src/machine/supervision/programs';
import { messageOf } from '../support/message-of';

let maftHome: string;
beforeEach(() => {
  maftHome = mkdtempSync(join(tmpdir(), 'maft-config-'));
});
afterEach(() => rmSync(maftHome, { recursive: true }));

const load = (yaml: string, environment: Record<string, string> = {}) => {
  writeFileSync(join(maftHome, 'config.yaml'), yaml);
  return loadConfig({ MAFT_HOME: maftHome, ...environment });
};

test('without a file everything has its default', () => {
  const config = loadConfig({ MAFT_HOME: maftHome });
  expect(config).toMatchObject({ maftHome, store: maftHome, temporal: { address: undefined, namespace: 'default' } });
});

test('each mistake is one line with file, setting and what is wrong', () => {
  const bad = () =>
    load('ports: {temporal: 70000}\ntrainer: {device: tpu}\nservers: {}\nendpoints: {a: {baseUrl: "ftp://x"}}\n');
  const message = messageOf(bad);
  expect(message.split('\n')).toHaveLength(4);
  for (const setting of ['ports.temporal', 'trainer.device', 'servers', 'endpoints.a.baseUrl']) {
    expect(message).toContain(`${join(maftHome, 'config.yaml')}: ${setting}: `);
  }
});

test('what the file says of the model server is what it is started with', () => {
  const config = load('server: {threads: 2, maxBatch: 64, maxLoaded: 3, cacheGib: 1.5, precision: float32}\n');
  const model = { name: 'base', folder: maftHome };
  const { arguments: given } = modelServer({
    ...{ python: 'python3', model, modelsDirectory: maftHome, port: 8237 },
    ...config.server,
  });
  expect(given.join(' ')).toContain(
    '--threads 2 --read-threads 2 --max-batch 64 --max-loaded 3 --cache-gib 1.5 --precision float32',
  );
  for (const [wrong, setting] of [
    ['cacheGib: 0', 'server.cacheGib'],
    ['maxLoaded: 1.5', 'server.maxLoaded'],
    ['precision: int8', 'server.precision'],
  ]) {
    expect(messageOf(() => load(`server: {${wrong}}`))).toContain(`: ${setting}: `);
  }
});

test('a wait that two calls cannot have within a turn is refused', () => {
  const waiting = (seconds: number) => `endpoints: {a: {baseUrl: "http://x/v1", timeoutSeconds: ${seconds}}}`;
  expect(resolveEndpoint(load(waiting(900)), 'a').timeoutMs).toBe(900_000);
  expect(messageOf(() => load(waiting(901)))).toMatch(
    /endpoints\.a\.timeoutSeconds: must be at most 900: a turn is up to two calls, and has 30 minutes$/,
  );
});

test('a turn has the time that the configuration says', () => {
  const proxies = readFileSync(join(repositoryRoot(), 'workflows/activity-proxies.ts'), 'utf8');
  const [, models = ''] = proxies.split('export const models = ');
  expect(/startToCloseTimeout: '([^']+)'/.exec(models)?.[1]).toBe('30 minutes');
});

test('a key in the file is refused with where it belongs', () => {
  expect(messageOf(() => load('endpoints: {a: {baseUrl: "http://x/v1", apiKey: secret}}'))).toMatch(/apiKeyEnv/);
});

test.each([
  ['http://user:s3cret@host/v1', /endpoints\.a\.baseUrl: must hold no user or password/],
  ['http://host/v1?key=s3cret', /endpoints\.a\.baseUrl: must end with its path/],
])('an address with more than a path is refused, and not repeated: %s', (address, reason) => {
  const message = messageOf(() => load(`endpoints: {a: {baseUrl: "${address}"}}`));
  expect(message).toMatch(reason);
  expect(message).not.toContain('s3cret');
});

test('the embedded endpoint is set up elsewhere than among the endpoints', () => {
  const message = messageOf(() => load('endpoints: {embedded: {baseUrl: "http://x/v1", timeoutSeconds: 5}}'));
  expect(message).toMatch(/endpoints\.embedded: .*see `server`/);
});

test('a key that no header can carry is a matter of configuration, and is not repeated', () => {
  const config = load('endpoints: {a: {baseUrl: "http://x/v1", apiKeyEnv: A_KEY}}');
  for (const key of ['\u201csk-s3cret\u201d', 'sk-s3cret\n']) {
    const message = messageOf(() => resolveEndpoint(config, 'a', { A_KEY: key }));
    expect(message).toMatch(/variable A_KEY, which holds something else than printable ASCII/);
    expect(message).not.toContain('s3cret');
  }
});

test('a file that is no YAML is named', () => {
  expect(messageOf(() => load('ports: {temporal'))).toMatch(/config\.yaml cannot be read: /);
});

test('a key comes from the variable the endpoint names, and its absence matters only where the endpoint is used', () => {
  const config = load('endpoints: {a: {baseUrl: "http://x/v1", apiKeyEnv: A_KEY, models: {mine: theirs}}}');
  expect(resolveEndpoint(config, 'a', { A_KEY: 'k' })).toMatchObject({ apiKey: 'k', wireNames: { mine: 'theirs' } });
  expect(messageOf(() => resolveEndpoint(config, 'a', {}))).toMatch(/variable A_KEY, which is not set/);
  expect(messageOf(() => resolveEndpoint(config, 'b', {}))).toMatch(/endpoint "b" is not in .*; it has: embedded, a/);
});

test('an address of Temporal without a port is refused', () => {
  expect(messageOf(() => load('', { TEMPORAL_ADDRESS: 'http://temporal' }))).toMatch(/must be host:port/);
});

test.each(['http://h:8237', 'http://h:8237/', 'http://h:8237/v1', 'http://h:8237/v1/'])(
  'the model server is called below /v1, however its address ends: %s',
  (address) => {
    const config = load('', { MAFT_MODEL_SERVER: address });
    expect(resolveEndpoint(config, 'embedded').baseUrl).toBe('http://h:8237/v1');
  },
);

test.each(['h:8237', 'ftp://h', 'http://user:s3cret@h:8237', 'http://h:8237/?key=s3cret'])(
  'an address of the model server that is none is refused, and not repeated: %s',
  (address) => {
    const message = messageOf(() => load('', { MAFT_MODEL_SERVER: address }));
    expect(message).toMatch(/^MAFT_MODEL_SERVER: .*It is an address such as http:/);
    expect(message).not.toContain('s3cret');
  },
);

describe('the Temporal service', () => {
  const file = () => join(maftHome, 'temporal.toml');
  const withProfiles = (environment: Record<string, string>) => {
    const cloud = '[profile.cloud]\naddress = "cloud.example:7233"\nnamespace = "ml.team"\napi_key = "secret"\n';
    writeFileSync(file(), `[profile.default]\nnamespace = "usual"\n${cloud}[profile.empty]\nnamespace = "n"\n`);
    return load('', { TEMPORAL_CONFIG_FILE: file(), ...environment }).temporal;
  };

  test('is one of our own where only a profile file is there', () => {
    expect(withProfiles({})).toEqual({ address: undefined, namespace: 'default', embedded: undefined });
    expect(withProfiles({ MAFT_EMBEDDED_TEMPORAL: '127.0.0.1:1234' }).embedded).toBe('127.0.0.1:1234');
  });

  test('is what a named profile says, and variables go before it', () => {
    expect(withProfiles({ TEMPORAL_PROFILE: 'cloud' })).toEqual({
      address: 'cloud.example:7233',
      namespace: 'ml.team',
    });
    const changed = { TEMPORAL_PROFILE: 'cloud', TEMPORAL_ADDRESS: 'other.example:7233', TEMPORAL_NAMESPACE: 'mine' };
    expect(withProfiles(changed)).toEqual({ address: 'other.example:7233', namespace: 'mine' });
  });

  test('is what TEMPORAL_ADDRESS names, with the namespace of the default profile', () => {
    const temporal = withProfiles({ TEMPORAL_ADDRESS: '127.0.0.1:7233' });
    expect(temporal).toEqual({ address: '127.0.0.1:7233', namespace: 'usual' });
  });

  test('a profile that is not there, or names no address, is refused', () => {
    expect(messageOf(() => withProfiles({ TEMPORAL_PROFILE: 'none' }))).toMatch(/configuration cannot be read: .*none/);
    expect(messageOf(() => withProfiles({ TEMPORAL_PROFILE: 'empty' }))).toMatch(
      /address of TEMPORAL_PROFILE empty is not set/,
    );
  });
});
