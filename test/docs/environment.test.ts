/** `.env.example` is the list of environment variables: it names every one that is read, and none that is not. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../src/machine/paths';

const root = repositoryRoot();
const documented = new Set(variablesIn(readFileSync(join(root, '.env.example'), 'utf8'), /^#?([A-Z][A-Z0-9_]+)=/gm));
const browser = readFileSync(join(root, 'test/support/browser.ts'), 'utf8');
const sources = [...contentsBelow('src'), browser].join('\n');
const read = new Set(variablesIn(sources, /(?:process\.env|environment)(?:\.|\[')((?:MAFT|TEMPORAL|XDG)_[A-Z_]+)/g));
/** Keys of endpoints have any name; these two are examples. */
const examples = new Set(['OPENAI_API_KEY', 'VLLM_API_KEY']);

test('every variable that the program reads is in .env.example', () =>
  expect([...read].filter((name) => !documented.has(name))).toEqual([]));

test('every variable in .env.example is read', () =>
  expect([...documented].filter((name) => !read.has(name) && !examples.has(name))).toEqual([]));

function variablesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name ?? '');
}

function contentsBelow(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => readFileSync(join(root, folder, name), 'utf8'));
}
