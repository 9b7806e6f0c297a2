/**
 * Digests of the parts of this program that decide results. A run records them when it begins, and only a worker with the
 * same parts works on it: an experiment begun with one prompt or rule is never finished with another. Digests are of the
 * compiled code without comments, so only code that runs counts.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { definitionOf, type TaskKind } from './tasks/kinds/all';
import { sha256 } from './domain/digests';
import { ConfigError } from './errors';
import { pythonPackagesDirectory, repositoryRoot } from './machine/paths';

/** SHA-256 (hex) by the name of the part, as a sentence can say it. */
export type ProgramParts = Readonly<Record<string, string>>;

/** The modules whose code, with all they import, a part consists of. */
const entryPoints = {
  'how messages are built': ['prompts/messages.js', 'domain/debate-rules.js', 'domain/draws.js'],
  'how answers are read': ['domain/answers.js'],
  'how votes are counted': ['domain/voting.js'],
  'how training sets are selected': ['domain/selection.js'],
  'how training is set up': ['domain/role-settings.js', 'domain/society.js'],
  'how accuracy is computed': ['domain/accuracy.js'],
} as const;

/** The Python programs, with all of `maft` that they import. */
const pythonPrograms = {
  'how agents are trained (python/maft/train)': 'maft/train',
  'how mathematical answers are compared (python/maft/grade)': 'maft/grade',
} as const;

/** Left out: only throws what others decide, or holds the prompts' texts, which are compared one by one. */
const leftOut = ['errors.js', 'prompts/templates.js', 'prompts/prompt-sets.js', 'tasks/kinds/wording.js'];

let known: ProgramParts | undefined;

/** Digests for a run on tasks of these kinds; read once per process, so they describe the code that this process runs. */
export function programParts(kinds: readonly TaskKind[]): ProgramParts {
  const ofTasks = kinds.map((kind) => [`the task ${kind}`, taskDigest(kind)]);
  return { ...commonParts(), ...Object.fromEntries(ofTasks) };
}

function commonParts(): ProgramParts {
  known ??= {
    ...Object.fromEntries(Object.entries(entryPoints).map(([part, entries]) => [part, digestOfModules(entries)])),
    ...Object.fromEntries(Object.entries(pythonPrograms).map(([part, folder]) => [part, digestOfPython(folder)])),
  };
  return known;
}

const knownTasks = new Map<TaskKind, string>();

/** What draws the problems of a task beside its own file. */
const drawnBy = {
  generated: [],
  files: ['tasks/data-sets.js', 'tasks/draw-splits.js'],
  program: ['tasks/user-module.js'],
};

/** How problems of one kind of task are drawn and their answers read. */
function taskDigest(kind: TaskKind): string {
  const entries = [`tasks/kinds/${kind}.js`, ...drawnBy[definitionOf(kind).source]];
  const digest = knownTasks.get(kind) ?? digestOfModules(entries);
  knownTasks.set(kind, digest);
  return digest;
}

function digestOfModules(entries: readonly string[]): string {
  const root = join(repositoryRoot(), 'dist', 'src');
  const found = new Map<string, string>();
  const visit = (file: string): void => {
    const name = relative(root, file);
    if (found.has(name) || leftOut.includes(name)) return;
    const code = read(file).replace(/^\/\/# sourceMappingURL=.*$/m, '');
    found.set(name, code);
    for (const [, imported] of code.matchAll(/\brequire\("(\.[^"]+)"\)/g)) visit(moduleFile(file, imported!));
  };
  entries.forEach((entry) => visit(join(root, entry)));
  return digestOfFiles(found);
}

/** A folder's `index.js` is imported by the folder's name. */
function moduleFile(importer: string, imported: string): string {
  const named = resolve(importer, '..', imported);
  return isFolder(named) ? join(named, 'index.js') : `${named}.js`;
}

function isFolder(path: string): boolean {
  try {
    return readdirSync(path).includes('index.js');
  } catch {
    return false;
  }
}

function digestOfPython(folder: string): string {
  const root = pythonPackagesDirectory();
  const found = new Map<string, string>();
  const visit = (name: string): void => {
    for (const file of pythonModules(root, name).filter((each) => !found.has(each))) {
      const code = withoutComments(read(join(root, file)));
      found.set(file, code);
      for (const [, imported] of code.matchAll(/^\s*(?:from|import) (maft\.[\w.]+)/gm))
        visit(imported!.replaceAll('.', '/'));
    }
  };
  visit(folder);
  return digestOfFiles(found);
}

/** The files of a module or of a whole package. */
function pythonModules(root: string, name: string): string[] {
  if (existsSync(join(root, `${name}.py`))) return [`${name}.py`];
  const entries = readdirSync(join(root, name), { recursive: true, encoding: 'utf8' });
  return entries.filter((file) => file.endsWith('.py')).map((file) => join(name, file));
}

/** Docstrings are comments, too; a string that is a value does not begin its line, and is kept. */
function withoutComments(python: string): string {
  const withoutLines = python.replace(/^\s*#.*\n/gm, '');
  const strings = /(?<docstring>^[ \t]*"""[\s\S]*?""")|"""[\s\S]*?"""/gm;
  return withoutLines.replace(strings, (text, docstring?: string) => (docstring === undefined ? text : ''));
}

function digestOfFiles(files: ReadonlyMap<string, string>): string {
  const sorted = [...files].sort(([left], [right]) => (left < right ? -1 : 1));
  return sha256(JSON.stringify(sorted));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: this installation is incomplete; run \`npm run build\``, { cause });
  }
}
