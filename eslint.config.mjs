// Style, likely bugs, and the borders of the architecture: each folder may import only what its place allows.
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  [
    'require',
    'module',
    'process',
    '__dirname',
    'console',
    'setTimeout',
    'setInterval',
    'AbortController',
    'AbortSignal',
    'URL',
  ].map((name) => [name, 'readonly']),
);
const nodeModules = { regex: '^node:', message: 'no I/O here: that belongs in an activity or an adapter' };
const rooms = (...names) =>
  names.map((name) => ({
    regex: `^(\\.\\./)+(src/)?${name}(/|$)`,
    message: `${name} is in another room (docs/architecture)`,
  }));
const packages = (...names) => names.map((name) => ({ regex: `^${name}(/|$)`, message: `${name} has no place here` }));
const valuesOf = (...names) =>
  names.map((name) => ({
    regex: `^(\\.\\./)+(src/)?${name}(/|$)`,
    allowTypeImports: true,
    message: `only types of ${name} may be used here`,
  }));
const border = (files, patterns, ignores = []) => ({
  files,
  ignores,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});

const wiring = rooms('cli', 'worker', 'setup', 'supervision');
const adapters = rooms('providers', 'artifacts', 'tasks', 'report');
const outside = packages('openai', 'undici', 'pino', 'yaml', 'commander', 'echarts');
const temporalProcesses = packages('@temporalio/(worker|client|activity|testing)');

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.venv/', '.maft/', 'coverage/', 'models/', 'python/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: {
      // One program for all files: a third faster than the project service where nothing is edited meanwhile.
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) },
    },
    rules: {
      // The type-checked rules that find real bugs in durable, concurrent code; the whole set takes over 20 s.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  border(
    ['src/domain/**/*.ts'],
    [
      nodeModules,
      ...rooms('activities', 'workflows', 'ports', 'prompts', 'config', 'paths'),
      ...adapters,
      ...wiring,
      ...outside,
      ...packages('zod', '@temporalio'),
    ],
    ['src/domain/draws.ts', 'src/domain/digests.ts'],
  ),
  // Draws and digests are SHA-256: pure, but it lives in a Node module.
  border(
    ['src/domain/draws.ts', 'src/domain/digests.ts'],
    [
      { regex: '^node:(?!crypto$)', message: 'only createHash of node:crypto' },
      ...rooms('activities', 'workflows', 'ports'),
      ...adapters,
      ...wiring,
      ...outside,
    ],
  ),
  border(
    ['workflows/**/*.ts'],
    [
      nodeModules,
      ...valuesOf('activities', 'ports'),
      ...rooms('prompts', 'config', 'paths', 'specification'),
      ...adapters,
      ...wiring,
      ...outside,
      ...packages('zod'),
      ...temporalProcesses,
    ],
  ),
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'a workflow sees no environment: pass it in' },
        'fetch',
        'require',
      ],
    },
  },
  // How artifacts are encoded (JSON lines, sealed JSON) is shared; where they are stored is not.
  border(
    ['activities/**/*.ts'],
    [
      ...rooms('workflows', 'providers', 'artifacts(?!/(damage|lines|sealed|societies)$)'),
      ...wiring,
      ...packages('openai', 'undici', 'commander', '@temporalio/(worker|client)'),
    ],
  ),
  border(
    ['src/{providers,artifacts,tasks}/**/*.ts'],
    [...rooms('activities', 'workflows', 'cli', 'worker'), ...packages('commander')],
  ),
  // Used by a command, without a workflow; models are reached through the ports alone.
  border(
    ['src/probe/**/*.ts'],
    [
      ...rooms('activities', 'workflows', 'config'),
      ...adapters.filter(({ regex }) => !regex.includes('tasks')),
      ...wiring,
      ...outside,
    ],
  ),
  border(
    ['src/{contract,ports}/**/*.ts'],
    [nodeModules, ...rooms('activities', 'workflows'), ...adapters, ...wiring, ...outside],
  ),
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: nodeGlobals },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
