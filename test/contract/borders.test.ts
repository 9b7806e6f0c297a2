/** Borders that lint cannot see whole: what ends up in the workflow bundle, and names that may stand in one place only. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { activityQueues } from '../../activities';
import { taskQueues, workflowTypes } from '../../src/contract/names';
import { repositoryRoot } from '../../src/machine/paths';
import { sourceBundle } from '../support/source-bundle';

/** Folders of the program; tests and the bench may type names again on purpose. */
const programFolders = ['workflows', 'activities', 'src'];

function sourcesBelow(folder: string): string[] {
  const files = readdirSync(path.join(repositoryRoot(), folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts')).map((file) => path.join(folder, file));
}

const read = (file: string): string => readFileSync(path.join(repositoryRoot(), file), 'utf8');
/** Only what the program says, not what its comments do. */
const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');

describe('the workflow bundle', () => {
  const bundle = readFileSync(sourceBundle().codePath, 'utf8');
  /** webpack names every module by its path. */
  const modules = [
    ...new Set([...bundle.matchAll(/"(\.\/[^"\n]+\.(?:ts|js|cjs|mjs))"/g)].map(([, module = '']) => module)),
  ];

  test('holds the workflows', () => {
    for (const file of ['multiagent-finetuning', 'debate-shard', 'finetune-society', 'evaluate-society']) {
      expect(modules.filter((module) => module.endsWith(`workflows/${file}.ts`))).toHaveLength(1);
    }
  });

  test('of our own files holds workflows, contract and domain only', () => {
    const own = modules.filter((module) => !module.includes('node_modules'));
    const elsewhere = own.filter((module) => !/^\.\/(workflows|src\/(contract|domain))\//.test(module));
    expect(elsewhere.filter((module) => /^\.\/(src|activities|test|bench)\//.test(module))).toEqual([]);
    expect(own.some((module) => module.includes('src/domain/'))).toBe(true);
  });

  test.each([
    'zod',
    'openai',
    'undici',
    'yaml',
    'pino',
    'commander',
    'echarts',
    '@temporalio/worker',
    '@temporalio/client',
    '@temporalio/activity',
  ])('holds no %s', (name) => expect(modules.filter((module) => module.includes(`node_modules/${name}/`))).toEqual([]));

  test('imports no module of Node', () => {
    const imported = sourcesBelow('workflows').flatMap((file) =>
      [...read(file).matchAll(/from '([^'.][^']*)'/g)].map(([, name = '']) => name),
    );
    expect(imported.filter((name) => name.startsWith('node:') || builtinModules.includes(name))).toEqual([]);
  });
});

describe('names that are a contract', () => {
  const sources = programFolders.flatMap(sourcesBelow);
  const filesWith = (pattern: RegExp): string[] => sources.filter((file) => pattern.test(withoutComments(read(file))));

  test.each([...Object.values(taskQueues)])('the task queue %s is typed in one file', (queue) => {
    const files = filesWith(new RegExp(`taskQueue:\\s*['"\`]${queue}['"\`]|: ['"\`]${queue}['"\`]`));
    expect(files).toEqual([path.join('src', 'contract', 'names.ts')]);
  });

  test.each([...Object.values(workflowTypes)])(
    'the workflow type %s is the name of an exported workflow, and typed as a string in one file',
    (type) => {
      expect(read('workflows/index.ts')).toMatch(new RegExp(`export \\{ ${type} \\}`));
      expect(filesWith(new RegExp(`['"\`]${type}['"\`]`))).toEqual([path.join('src', 'contract', 'names.ts')]);
    },
  );

  test('the workflow index exports the workflow types and nothing else', () => {
    const exported = [...read('workflows/index.ts').matchAll(/export \{ ([^}]+) \}/g)].flatMap(([, list = '']) =>
      list.split(', '),
    );
    expect(exported.sort()).toEqual([...Object.values(workflowTypes)].sort());
  });

  test('every activity a workflow calls is served by exactly one queue', () => {
    const proxies = withoutComments(read('workflows/activity-proxies.ts'));
    const called = [...proxies.matchAll(/Pick<\s*Activities,\s*([^>]+)>/g)].flatMap(([, list = '']) =>
      [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => name),
    );
    const served = Object.values(activityQueues).flat();
    expect(called.sort()).toEqual([...served].sort());
    expect(new Set(served).size).toBe(served.length);
  });
});
