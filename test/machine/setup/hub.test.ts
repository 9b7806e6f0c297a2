/** Models of the Hub, fetched by its real client from a stand-in of its API on loopback. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { configFromHub, fetchFromHub } from '../../../src/machine/setup/hub';
import { startHub, type Hub } from '../../support/hub';
import { testPython } from '../../support/model-server';

// Each look at the Hub starts a Python.
jest.setTimeout(120_000);

const environment = { ...process.env };
const home = mkdtempSync(path.join(tmpdir(), 'maft-hub-'));
const token = 'hf_plantedTokenOfATest';
const said: string[] = [];
let hub: Hub;

const text = (content: string) => Buffer.from(content);
/** A safetensors file of so many bytes of weights. */
function weights(bytes: number, fill = 1): Buffer {
  const header = text(JSON.stringify({ weight: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(bytes, fill)]);
}
const files = {
  'config.json': text('{"model_type": "llama"}'),
  'tokenizer.json': text('{}'),
  'README.md': text('---\nlicense: apache-2.0\n---\n'),
  'model.safetensors': weights(2_000_000),
  'pytorch_model.bin': Buffer.alloc(2_000_000),
  'model-q4.gguf': Buffer.alloc(1_000),
  'onnx/config.json': text('{}'),
};
const fetched = (base: string) => fetchFromHub(base, { python: testPython, listener: (line) => void said.push(line) });
const refusal = (base: string) => fetched(base).then(String, (error: Error) => `${error.name}: ${error.message}`);
const namesOfFiles = (folder: string) => readdirSync(folder).sort();

beforeAll(async () => {
  hub = await startHub();
  Object.assign(process.env, { HF_ENDPOINT: hub.url, HF_HOME: home });
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_HUB_CACHE']) delete process.env[name];
});
beforeEach(() => {
  said.length = 0;
  hub.asked.length = 0;
});
afterAll(async () => {
  process.env = { ...environment };
  await hub.close();
  rmSync(home, { recursive: true });
});

test('licence, size and commit are said first, only what is read is fetched, and a commit is asked for once', async () => {
  const commit = hub.commit('acme/small', files);
  const { folder, commit: found } = await fetched('acme/small');
  expect(found).toBe(commit);
  expect(folder).toContain(home);
  expect(namesOfFiles(folder)).toEqual(['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']);
  expect(said[1]).toContain(`2 MB in 4 files, licence apache-2.0, commit ${commit}; into ${home}`);
  hub.asked.length = 0;
  expect(await fetched(`acme/small@${commit}`)).toEqual({ event: 'folder', folder, commit });
  expect(hub.asked).toEqual([]);
});

test('the configuration can be had without the weights', async () => {
  hub.commit('acme/looked-at', files);
  expect(await configFromHub('acme/looked-at', testPython)).toEqual({ model_type: 'llama' });
  expect(hub.asked.filter((each) => each.startsWith('GET'))).toEqual([expect.stringMatching(/config\.json$/)]);
});

test('a name means the newest commit, a pinned one stays what it was', async () => {
  const first = hub.commit('acme/moving', { ...files, 'config.json': text('{"old": 1}') });
  const old = await fetched('acme/moving');
  const second = hub.commit('acme/moving', { ...files, 'config.json': text('{"new": 1}') });
  const [moved, pinned] = [await fetched('acme/moving'), await fetched(`acme/moving@${first}`)];
  expect([old.commit, moved.commit, pinned.commit]).toEqual([first, second, first]);
  expect(readFileSync(path.join(pinned.folder, 'config.json'), 'utf8')).toBe('{"old": 1}');
});

test('a connection that breaks goes on where it broke', async () => {
  // The client keeps what it read in blocks of 10 MB.
  hub.commit('acme/cut', { ...files, 'model.safetensors': weights(12_000_000, 7) });
  hub.cuts = [11_000_000];
  const { folder } = await fetched('acme/cut');
  expect(hub.asked.filter((each) => each.includes('safetensors bytes='))).toHaveLength(1);
  expect(statSync(path.join(folder, 'model.safetensors')).size).toBe(weights(12_000_000).length);
});

test('a gated model says what to accept where; with the token it is fetched, and the token is neither said nor stored', async () => {
  hub.commit('acme/gated', files);
  hub.models.get('acme/gated')!.gatedFor = token;
  expect(await refusal('acme/gated')).toBe(
    `ConfigError: acme/gated is gated: accept its terms at ${hub.url}/acme/gated with your account, and set HF_TOKEN to a ` +
      'token of that account that may read it',
  );
  process.env.HF_TOKEN = token;
  await fetched('acme/gated');
  delete process.env.HF_TOKEN;
  expect(hub.authorizations).toEqual(new Set([`Bearer ${token}`]));
  expect(said.join()).not.toContain(token);
  const stored = readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => path.join(home, name));
  const small = stored.filter((file) => statSync(file).isFile() && statSync(file).size < 100_000);
  expect(small.filter((file) => readFileSync(file, 'utf8').includes(token))).toEqual([]);
});

test('unknown names, unknown revisions and models without safetensors are refused in one sentence', async () => {
  expect(await refusal('acme/nosuch')).toMatch(
    /^ConfigError: .* has no model "acme\/nosuch" .* correct the name, or, .*HF_TOKEN$/,
  );
  hub.commit('acme/pickled', { 'config.json': text('{}'), 'pytorch_model.bin': Buffer.alloc(10) });
  expect(await refusal('acme/pickled@v9')).toMatch(
    /acme\/pickled has no revision "v9": name a branch, a tag or a commit$/,
  );
  expect(await refusal('acme/pickled')).toMatch(/holds no model\*\.safetensors, and other weights are never loaded$/);
});

test('a copy in the cache that is not whole is not taken for the model', async () => {
  const commit = hub.commit('acme/torn', files);
  const { folder } = await fetched('acme/torn');
  const stored = path.join(folder, 'model.safetensors');
  // As older clients and partial copies leave a cache: the client itself then takes what is there as all of it.
  rmSync(path.join(home, 'hub/models--acme--torn/trees'), { recursive: true });
  rmSync(stored);
  expect((await fetched(`acme/torn@${commit}`)).folder).toBe(folder);
  truncateSync(realpathSync(stored), 1_000);
  expect(await refusal(`acme/torn@${commit}`)).toMatch(
    /its model\.safetensors is torn: 1000 bytes.* delete .*models--acme--torn and start again: it is then fetched again$/,
  );
  rmSync(path.join(home, 'hub/models--acme--torn'), { recursive: true });
  expect((await fetched(`acme/torn@${commit}`)).folder).toBe(folder);
});

test('what no reader takes is refused before its weights are fetched', async () => {
  const { 'config.json': _, ...unconfigured } = files;
  const { 'tokenizer.json': __, ...wordless } = files;
  hub.commit('acme/unconfigured', unconfigured);
  hub.commit('acme/wordless', wordless);
  expect(await refusal('acme/unconfigured')).toMatch(/has no config\.json: name a model in the form of Transformers$/);
  expect(await refusal('acme/wordless')).toMatch(/has no tokenizer: name the model/);
  expect(hub.asked.filter((each) => each.includes('safetensors'))).toEqual([]);
});

test('a configuration that is missing, torn or no object is refused in one sentence', async () => {
  const configuration = (base: string) =>
    configFromHub(base, testPython).then(String, (error: Error) => `${error.name}: ${error.message}`);
  const { 'config.json': _, ...unconfigured } = files;
  hub.commit('acme/unconfigured', unconfigured);
  hub.commit('acme/listed', { ...files, 'config.json': text('[1]') });
  hub.commit('acme/half', { ...files, 'config.json': text('{"model_type":') });
  expect(await configuration('acme/unconfigured')).toMatch(/^ConfigError: acme\/unconfigured on the Hub has no config/);
  expect(await configuration('acme/listed')).toBe(
    'ConfigError: acme/listed on the Hub cannot be used: its config.json is not a JSON object',
  );
  expect(await configuration('acme/half')).toMatch(
    /^ConfigError: acme\/half on the Hub cannot be used: its config\.json/,
  );
});

test('several licences are all said', async () => {
  hub.commit('acme/licensed', files);
  hub.models.get('acme/licensed')!.license = ['mit', 'apache-2.0'];
  await fetched('acme/licensed');
  expect(said.join()).toContain('licence mit, apache-2.0, commit');
});

test('neither a token that cannot be sent nor a password in the address is said', async () => {
  hub.commit('acme/asked', files);
  process.env.HF_TOKEN = `${token}\u00e9`;
  expect(await refusal('acme/asked')).toBe(
    'ConfigError: the token of the Hub (HF_TOKEN) has a character that no token has: copy it again',
  );
  delete process.env.HF_TOKEN;
  process.env.HF_ENDPOINT = hub.url.replace('//', '//reader:sesame@');
  expect(await refusal('acme/nosuch')).toMatch(/^ConfigError: http:\/\/127\.0\.0\.1:\d+ has no model "acme\/nosuch"/);
  process.env.HF_ENDPOINT = hub.url;
});

test('without the Hub the copy of the last time serves; without a copy the reason is said', async () => {
  const commit = hub.commit('acme/known', files);
  await fetched('acme/known');
  hub.commit('acme/unknown', files);
  hub.status = 404;
  expect(await refusal('acme/unknown')).toMatch(
    /acme\/unknown could not be fetched from .*: it answered 404; the same/,
  );
  expect((await fetched('acme/known')).commit).toBe(commit);
  expect(said.join('\n')).toContain(`the Hub: it answered 404; using the copy here, commit ${commit}`);
  process.env.HF_HUB_OFFLINE = '1';
  hub.asked.length = 0;
  expect((await fetched('acme/known')).commit).toBe(commit);
  expect(await refusal('acme/unknown')).toMatch(
    /acme\/unknown is not whole in .*, and HF_HUB_OFFLINE forbids to fetch it/,
  );
  expect(hub.asked).toEqual([]);
});
