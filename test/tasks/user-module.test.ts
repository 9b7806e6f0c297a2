/** A user's own task: one file, checked when it is loaded and whenever it answers. */
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { taskSchema } from '../../src/tasks/kinds/all';
import { ConfigError, DatasetError } from '../../src/errors';
import { promptSet } from '../../src/prompts';
import { allowTasksOf, taskAccess, taskFor } from '../../src/tasks';
import { dataFolder, type DataFolder } from '../support/data-folder';

let data: DataFolder;
beforeEach(async () => (data = await dataFolder()));
afterEach(() => data.remove());

const rows = '[1, 2, 3, 4].map((id) => ({ id, question: `q${id}`, answer: `is ${id}` }))';
const whole = `module.exports = {
  load: ({ options }) => ${rows}.slice(0, options.most),
  parse: (response) => /is (\\w+)/.exec(response)?.[1] ?? null,
  equal: (a, b) => a.toLowerCase() === b,
  prompts: { firstRound: 'Say: {question}' },
};`;
const settings = { kind: 'module', path: 'own.cjs', train: 1, eval: 1, options: { most: 4 } };

test('loads, parses, compares and asks as the file says', async () => {
  await data.write({ 'own.cjs': whole });
  const task = data.task(settings);
  const { eval: evaluation, train } = await task.draw({ seed: 0, iterations: 1 });
  expect([...evaluation, ...train[0]!].every(({ id, answer }) => id === answer)).toBe(true);
  expect(await task.parse('it is Blue')).toBe('Blue');
  expect([
    await task.equal!('Blue', 'blue'),
    await task.equal!('blue', 'Blue'),
    await task.equal!('blue', 'red'),
  ]).toEqual([true, true, false]);
  expect(task.prompts).toEqual({ firstRound: 'Say: {question}' });
  expect(promptSet('paper', task.promptTask).laterRound).toContain('{summary}');
});

test('options reach load, and too few problems are refused with what there is', async () => {
  await data.write({ 'own.cjs': whole });
  await expect(data.draw({ ...settings, options: { most: 1 } })).rejects.toThrow(/has 1 different problems for both/);
});

test('parse, equal and prompts may be left to an answer type', async () => {
  await data.write({ 'own.cjs': `exports.answerType = 'math'; exports.load = async () => ({ train: [], test: [] });` });
  const task = data.task(settings);
  expect([task.answerType, task.parse('\\boxed{x}'), task.equal]).toEqual(['math', 'x', undefined]);
});

test('the digest is that of the program, and a changed program is another task', async () => {
  await data.write({ 'own.cjs': whole });
  const before = data.task(settings).digest;
  expect(data.task(settings).digest).toBe(before);
  await data.write({ 'own.cjs': whole.replace('is (', 'was (') });
  const changed = data.task(settings);
  expect(changed.digest).not.toBe(before);
  expect(await changed.parse('it was 5')).toBe('5');
});

test.each([
  ['an ES module', 'export default {}', /own\.cjs: does not load: .*must be CommonJS/],
  ['a file that throws', 'throw new Error("no")', /own\.cjs: does not load: no/],
  ['no load', 'module.exports = {}', /own\.cjs: load: must be a function/],
  ['an unknown export', 'exports.load = () => []; exports.prase = () => null', /own\.cjs: .*prase/],
  [
    'an unknown prompt',
    "exports.load = () => []; exports.prompts = { first: '' }",
    /prompts\.first: unknown; the prompts are .*firstRound/,
  ],
  [
    'a prompt that does not ask',
    "exports.load = () => []; exports.prompts = { firstRound: 'Say it' }",
    /own\.cjs: prompts\.firstRound: .*\{question\}/,
  ],
])('%s is refused by name', async (_name, content, message) => {
  await data.write({ 'own.cjs': content });
  expect(() => data.task(settings)).toThrow(ConfigError);
  expect(() => data.task(settings)).toThrow(message);
});

test.each([
  ['returns no rows', '() => 5', /load returned rows that are not valid/],
  ['returns a row without a question', '() => [{ id: 1 }]', /load returned rows that are not valid: 0\.question/],
  ['rejects', 'async () => { throw new Error("no net") }', /load failed: no net/],
  ['repeats an id', "() => [{ id: 1, question: 'a' }, { id: 1, question: 'b' }]", /id "1" occurs twice/],
  [
    'gives an answer that parse does not read',
    "() => [{ id: 1, question: 'a', answer: 'x' }]",
    /problem "1": parse makes no answer of "x"/,
  ],
])('a load that %s is a DatasetError', async (_name, load, message) => {
  await data.write({ 'own.cjs': `exports.load = ${load}; exports.parse = () => null;` });
  await expect(data.draw(settings)).rejects.toThrow(DatasetError);
  await expect(data.draw(settings)).rejects.toThrow(message);
});

test('what parse and equal do wrong is named', async () => {
  await data.write({
    'own.cjs': 'exports.load = () => []; exports.parse = () => 5; exports.equal = () => { throw new Error("x") }',
  });
  const task = data.task(settings);
  await expect(task.parse('a')).rejects.toThrow(/own\.cjs: parse returned number instead of a string or null/);
  await expect(task.equal!('a', 'b')).rejects.toThrow(/own\.cjs: equal threw: x/);
});

describe('a module’s process', () => {
  const withParse = (parse: string) => data.write({ 'own.cjs': `exports.load = () => []; exports.parse = ${parse};` });

  test('costs a call that dies that call, and the next one is answered', async () => {
    await withParse("(text) => (text === 'end' ? process.exit(1) : text)");
    const task = data.task(settings);
    const asked = ['a', 'end', 'b'].map(async (text) => task.parse(text)).map((answer) => answer.catch(String));
    expect(await Promise.all(asked)).toEqual(['a', expect.stringMatching(/TaskError: .*parse ended its process/), 'b']);
  });

  test('is killed when a call takes too long', async () => {
    await withParse("(text) => { while (text === 'hang'); return text; }");
    const task = data.task(settings);
    await expect(task.parse('hang')).rejects.toThrow(/parse took longer than 5 s/);
    expect(await task.parse('b')).toBe('b');
  }, 15_000);

  test('sees no key of this one’s environment, and prints nothing into it', async () => {
    process.env.OWN_API_KEY = 'secret';
    await withParse('() => { console.log("{}"); return Object.keys(process.env).join() }');
    expect(await data.task(settings).parse('a')).not.toContain('OWN_API_KEY');
    delete process.env.OWN_API_KEY;
  });

  test('may require files beside it, which are digested, and none later', async () => {
    await withParse("(text) => require(text === 'late' ? './late.cjs' : './words.cjs').word");
    await data.write({ 'late.cjs': 'exports.word = 1', 'words.cjs': "exports.word = 'one'" });
    await expect(data.task(settings).parse('late')).rejects.toThrow(
      /late\.cjs must be required when the module is loaded/,
    );
    const early = "const { word } = require('./words.cjs'); exports.load = () => []; exports.parse = () => word;";
    await data.write({ 'own.cjs': early });
    const unasked = data.task(settings);
    const { digest } = unasked;
    await data.write({ 'words.cjs': "exports.word = 'two'" });
    await expect(unasked.parse('')).rejects.toThrow(/words\.cjs was changed since the task was loaded/);
    expect(data.task(settings).digest).not.toBe(digest);
    expect(await data.task(settings).parse('')).toBe('two');
  });

  test('ends a program at its beginning that ends itself, or exports nothing', async () => {
    await data.write({ 'own.cjs': 'process.exit(0)' });
    expect(() => data.task(settings)).toThrow(/own\.cjs: does not load: its process ended/);
    await data.write({ 'own.cjs': 'module.exports = 5' });
    expect(() => data.task(settings)).toThrow(/own\.cjs: module\.exports: must be an object, not number/);
  });
});

describe('a worker', () => {
  const worker = (taskModules = {}) => ({
    dataDirectory: data.folder,
    access: taskAccess(path.join(data.folder, 'home'), taskModules),
  });
  const counts = { train: 1, eval: 1, problems: 'fixed' as const, options: {} };
  const byPath = { kind: 'module' as const, path: 'own.cjs', ...counts };
  const byName = { kind: 'module' as const, module: 'mine', ...counts };
  beforeEach(() => data.write({ 'own.cjs': whole }));

  test('runs no program because a workflow names its path, and says how to name it', () => {
    expect(() => taskFor(byPath, worker())).toThrow(ConfigError);
    expect(() => taskFor(byPath, worker())).toThrow(/taskModules: \{my-task: .*own\.cjs\}\) and write module: my-task/);
    expect(() => taskFor(byPath, { dataDirectory: data.folder })).toThrow(
      /is not a task module that this worker may run/,
    );
  });

  test('runs what its config.yaml names, wherever it is, and nothing else by name', async () => {
    const outside = await dataFolder();
    await outside.write({ 'own.cjs': whole });
    expect(taskFor(byName, worker({ mine: path.join(outside.folder, 'own.cjs') })).kind).toBe('module');
    await outside.remove();
    for (const module of ['mine', 'toString', '__proto__']) {
      expect(() => taskFor({ ...byName, module }, worker({ other: 'x.cjs' }))).toThrow(
        /names no task module .* \(it has: other\); add it there/,
      );
    }
  });

  test.each([
    ['run', { task: byPath }],
    ['evaluation on another task', { task: { kind: 'arithmetic' }, evalTask: byPath }],
    ['comparison', { tasks: [byPath] }],
  ])(
    'runs what the user’s own command names in the specification of a %s, until it is changed',
    async (_name, given) => {
      allowTasksOf(given, { maftHome: path.join(data.folder, 'home'), dataDirectory: data.folder });
      expect(taskFor(byPath, worker()).kind).toBe('module');
      await data.write({ 'own.cjs': `${whole}\n// changed` });
      expect(() => taskFor(byPath, worker())).toThrow(/is not a task module that this worker may run/);
    },
  );

  test('is led to no other file by a link, and reads no file before it is allowed', async () => {
    const outside = await dataFolder();
    await outside.write({ 'own.cjs': whole });
    await symlink(path.join(outside.folder, 'own.cjs'), path.join(data.folder, 'link.cjs'));
    const given = { ...byPath, path: 'link.cjs' };
    for (const file of ['link.cjs', path.join(outside.folder, 'own.cjs'), '/dev/zero'])
      expect(() => taskFor({ ...byPath, path: file }, worker())).toThrow(
        /is not a task module that this worker may run/,
      );
    allowTasksOf({ task: given }, { maftHome: path.join(data.folder, 'home'), dataDirectory: data.folder });
    expect(taskFor(given, worker()).kind).toBe('module');
    await outside.remove();
  });

  test('reads data outside MAFT_DATA where the user’s own command names them, and nothing beside them', async () => {
    const outside = await dataFolder();
    await outside.write({
      'own.jsonl': '{"question": "1+1", "answer": "2"}\n{"question": "2+2", "answer": "4"}\n',
      'other.jsonl': '',
    });
    const task = (name: string) => ({
      kind: 'jsonl' as const,
      path: path.join(outside.folder, name),
      answerType: 'number' as const,
      train: 1,
      eval: 1,
    });
    const draw = (name: string) => taskFor(taskSchema.parse(task(name)), worker()).draw({ seed: 0, iterations: 0 });
    await expect(draw('own.jsonl')).rejects.toThrow(/is outside MAFT_DATA .*start the run by `maft run`/);
    const home = { maftHome: path.join(data.folder, 'home'), dataDirectory: data.folder };
    allowTasksOf({ task: task('own.jsonl') }, home);
    expect((await draw('own.jsonl')).eval).toHaveLength(1);
    await expect(draw('other.jsonl')).rejects.toThrow(/is outside MAFT_DATA/);
    await outside.remove();
  });

  test('takes a name or a path, not both and not neither', () => {
    expect(() => taskFor({ kind: 'module', ...counts }, worker())).toThrow(/either `module` or `path`/);
    expect(() => taskFor({ ...byPath, module: 'mine' }, worker())).toThrow(/either `module` or `path`/);
  });
});
