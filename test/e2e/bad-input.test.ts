/** Bad input gets a sentence and exit code 2 before anything is started. */
import { mkdirSync } from 'node:fs';
import { Home } from '../support/e2e';
import { specification } from '../support/e2e-runs';

// Every step waits for real processes; only one that hangs takes this long.
jest.setTimeout(900_000);

const home = new Home('bad-input');
afterAll(() => home.destroy());

const refused = async (maftArguments: string[], environment?: Record<string, string>): Promise<string> => {
  const { code, stdout, stderr } = await home.run(maftArguments, environment);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).not.toMatch(/ at .*\.js:\d+/);
  expect(home.processes()).toEqual([]);
  return stderr;
};

it('a specification that does not exist is named', async () => {
  expect(await refused(['run', 'nosuch.yaml'])).toMatch(/^maft: .*nosuch\.yaml/);
});

it('a bad specification gets one line per problem, with field, value and what is allowed', async () => {
  const bad = home.write('bad.json', { ...specification, itterations: 3, method: { correctedShare: 2, members: 0 } });
  const lines = (await refused(['run', bad])).trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  for (const field of ['itterations', 'method.correctedShare', 'method.members']) {
    expect(lines.some((line) => line.includes(field))).toBe(true);
  }
});

it('a MAFT_UMASK that is no mask is refused with what is allowed', async () => {
  expect(await refused(['runs'], { MAFT_UMASK: 'u=rwx' })).toContain('MAFT_UMASK is "u=rwx": it must be three octal');
});

it('a model folder that does not exist is named, with where it was looked for', async () => {
  const unknown = home.write('unknown.json', { ...specification, model: { base: 'models/nosuch' } });
  expect(await refused(['run', unknown])).toMatch(/model folder "models\/nosuch" does not exist \(looked at /);
});

it('a model folder without a model is refused with what is missing', async () => {
  mkdirSync(home.path('models/empty'), { recursive: true });
  const empty = home.write('empty.json', { ...specification, model: { base: home.path('models/empty') } });
  expect(await refused(['run', empty])).toContain('is not a model folder: it has no config.json');
});

it('a MAFT_HOME that cannot be written is named, with what to do', async () => {
  const run = ['run', home.write('small.json', specification)];
  // Nobody may make folders there, root included.
  const readOnly = '/sys/maft-home';
  expect(await refused(run, { MAFT_HOME: readOnly })).toContain(`cannot write to ${readOnly}`);
  home.write('file.json', {});
  const belowAFile = home.path('file.json/home');
  expect(await refused(run, { MAFT_HOME: belowAFile })).toContain(`cannot write to ${belowAFile}`);
});

it('an endpoint that is not configured, or whose key is not set, is told before anything is started', async () => {
  const unknown = home.write('nowhere.json', { ...specification, model: { base: 'some-model', endpoint: 'nowhere' } });
  expect(await refused(['run', unknown])).toMatch(/endpoint "nowhere" is not in .*config\.yaml; it has: embedded/);
  const embedding = { model: 'some-model', endpoint: 'keyed' };
  const keyed = home.write('keyed.json', { ...specification, evaluation: { embedding } });
  home.write('config.yaml', { endpoints: { keyed: { baseUrl: 'http://127.0.0.1:1/v1', apiKeyEnv: 'MAFT_TEST_KEY' } } });
  expect(await refused(['run', keyed])).toContain('MAFT_TEST_KEY');
});

/** A server of one's own at which nobody answers, without the TLS and the key of another one's profile. */
const nobody = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_CONFIG_FILE: home.path('no-such-profile.toml') };

it('status without servers says how to start them', async () => {
  const stderr = await refused(['status'], nobody);
  expect(stderr).toContain(
    'no Temporal server answers at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1. Start one with `npx maft up`',
  );
});

it('a worker without a server says so too', async () => {
  const stderr = await refused(['worker'], nobody);
  expect(stderr).toContain('no Temporal server answers at 127.0.0.1:1: ');
});

it.each(['status', 'worker'])('%s without a server of its own or `maft up` asks for one of them', async (command) => {
  expect(await refused([command])).toContain(
    `no \`maft up\` is running on ${home.folder}. Set TEMPORAL_ADDRESS, or start \`npx maft up\``,
  );
});

it('a run that is to go on by itself needs servers that do', async () => {
  const run = ['run', home.write('detached.json', specification), '--detach'];
  expect(await refused(run)).toContain('--detach needs servers that go on running: start `npx maft up` first');
});

it('an unknown command or option is exit code 2', async () => {
  expect(await refused(['dance'])).toContain("unknown command 'dance'");
  expect(await refused(['run', 'small.json', '--fast'])).toContain("unknown option '--fast'");
});

it('data that are not there, or too few, are told before anything is started', async () => {
  const task = { kind: 'jsonl', path: 'absent.jsonl', answerType: 'number', train: 4, eval: 4 };
  const ownData = { ...specification, method: { ...specification.method, prompts: 'paper' } };
  const absent = home.write('absent.json', { ...ownData, task });
  expect(await refused(['run', absent])).toContain(`${home.path('absent.jsonl')}: there is no such file or folder`);
  mkdirSync(home.path('beside'), { recursive: true });
  home.write('beside/few.jsonl', { question: '1+1', answer: '2' });
  const few = home.write('beside/few.json', { ...ownData, task: { ...task, path: 'few.jsonl' } });
  expect(await refused(['run', few])).toContain(home.path('beside/few.jsonl'));
});
