/** What the documentation claims of the repository is true: paths, links, commands, options, scripts, tests, messages. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/main';
import { repositoryRoot } from '../../src/machine/paths';

const root = repositoryRoot();
const sourceFolders = ['activities', 'workflows', 'src', 'python', 'bench'];
/** Folders whose paths the documentation may name; anything else with a slash is a key, a workflow id or a model. */
const namedFolders = new Set([...sourceFolders, 'docs', 'examples', 'infra', 'models', 'test', '.ci']);
/** Made by set-up or a build, so not in a fresh clone. */
const madeLater = /^(dist|\.venv|node_modules)(\/|$)/;

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'models/README.md',
  ...markdownBelow('docs'),
  ...markdownBelow('infra'),
];
const texts = new Map(documents.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

test.each(documents)('every path that %s names exists', (file) => {
  const named = codeSpans(textOf(file)).filter(isPath);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test.each(documents)('every link of %s leads to a file', (file) => {
  const targets = [...textOf(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? '');
  const local = targets.filter((target) => !/^[a-z]+:/.test(target));
  expect(local.filter((target) => !existsSync(join(root, dirname(file), target)))).toEqual([]);
});

test.each(documents)('every `maft` command that %s names exists, with its options', (file) => {
  for (const words of commandLines(textOf(file))) {
    const [name = '', ...rest] = words;
    const whole = commandNamed(name);
    expect([name, whole?.name()]).toEqual([name, name]);
    const command = whole?.commands.find((part) => part.name() === rest[0]) ?? whole;
    const given =
      name === 'python' ? [] : rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
    const known = ['--help', ...(command?.options.map(({ long }) => long) ?? [])];
    expect([name, given.filter((option) => !known.includes(option))]).toEqual([name, []]);
  }
});

test.each(documents)('every npm script that %s names exists', (file) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...textOf(file).matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script ?? '');
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});

test('every test that docs/method.md names exists', () => {
  const sources = contentsBelow('test', /\.(ts|py)$/);
  const guards = [...textOf('docs/method.md').matchAll(/“([^”]+)”/g)].map(([, name = '']) =>
    name.replaceAll(/\s+/g, ' '),
  );
  expect(guards.length).toBeGreaterThan(15);
  expect(guards.filter((name) => !sources.includes(name))).toEqual([]);
});

test('every message that docs/operations.md explains is one the program writes', () => {
  const sources = sourceFolders.map((folder) => contentsBelow(folder, /\.(ts|py)$/)).join('\n');
  const [, section = ''] = textOf('docs/operations.md').split('## Messages and what to do');
  const messages = section.split('\n').flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? []);
  expect(messages.length).toBeGreaterThan(20);
  // A message is quoted in the parts between what is filled in.
  const unknown = messages
    .flatMap((message) => message.split('…').map((part) => part.trim()))
    .filter((part) => !sources.includes(part));
  expect(unknown).toEqual([]);
});

function textOf(file: string): string {
  return texts.get(file) ?? '';
}

function codeSpans(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? '');
}

/** `src/errors.ts` and `python/maft/serve` are; `runs/<runId>/run.json` and `maft/my-run` are not. */
function isPath(span: string): boolean {
  if (/[^\w.@/-]/.test(span) || madeLater.test(span)) return false;
  const [first = '', second] = span.split('/');
  return second !== undefined && namedFolders.has(first);
}

/** Words behind `maft` in code, up to a comment, a pipe or the end of the line. */
function commandLines(text: string): string[][] {
  const code = [
    ...codeSpans(text),
    ...[...text.matchAll(/```[a-z]*\n([\s\S]*?)```/g)].flatMap(([, block]) => (block ?? '').split('\n')),
  ];
  const lines = code.flatMap((line) =>
    [...line.matchAll(/(?:^|npx |\s)maft ([a-z][^#|&>]*)/g)].map(([, words]) => words ?? ''),
  );
  return lines.map((line) => line.trim().split(/\s+/));
}

function commandNamed(name: string): Command | undefined {
  return buildProgram([name]).commands.find((command) => command.name() === name);
}

function markdownBelow(folder: string): string[] {
  return filesBelow(folder).filter((file) => file.endsWith('.md'));
}

function contentsBelow(folder: string, pattern: RegExp): string {
  const files = filesBelow(folder).filter((file) => pattern.test(file));
  return files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
}

function filesBelow(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => !name.includes('__pycache__')).map((name) => join(folder, name));
}
