/**
 * `npm run mutants [-- WORD]`: applies each mutant of `named.mjs` (those whose rule holds WORD) to a copy of the working
 * tree and runs the test that it names, and that one alone. Exit code 1 where a mutant survives or no longer applies, where
 * its test does not exist, or fails without it. The working tree is never touched.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { namedMutants } from './named.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const copied = /^(?:src|activities|workflows|python|test|examples|models)\/|^[^/]+\.(?:js|json|toml)$/;
const linked = ['node_modules', '.venv'];

/** What git would commit, as it is now. */
function copyOfTree() {
  const copy = mkdtempSync(join(tmpdir(), 'maft-mutants-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const files = new Set(String(listed).split('\0'));
  for (const file of files) if (copied.test(file)) cpSync(join(root, file), join(copy, file));
  for (const name of linked) symlinkSync(join(root, name), join(copy, name));
  return copy;
}

/** What a program wrote to stdout, whatever its exit code; throws where it was ended from outside. */
function outputOf(program, commandLine, cwd) {
  return new Promise((resolve, reject) => {
    const options = { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
    execFile(program, commandLine, options, (error, stdout) =>
      error && typeof error.code !== 'number' ? reject(error) : resolve(stdout),
    );
  });
}

/** How often the test passed, and what it said where it failed. */
async function runJest(copy, { test, named }) {
  const exactly = `${named.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')}$`;
  const jest = [join('node_modules', 'jest', 'bin', 'jest.js'), '-c', 'test/mutants/named.jest.config.js', '--json'];
  const commandLine = [...jest, '--runTestsByPath', test, '--testNamePattern', exactly];
  const { testResults } = JSON.parse(await outputOf(process.execPath, commandLine, copy));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failures = results.filter(({ status }) => status === 'failed').map((each) => each.failureMessages.join('\n'));
  const broken = testResults.filter((each) => each.assertionResults.length === 0).map(({ message }) => message);
  return { passed: results.filter(({ status }) => status === 'passed').length, failures: [...failures, ...broken] };
}

async function runPytest(copy, { test, named }) {
  const commandLine = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `${test}::${named}`];
  const said = await outputOf(join(copy, '.venv', 'bin', 'python'), commandLine, copy);
  const passed = Number(/(\d+) passed/.exec(said)?.[1] ?? 0);
  return { passed, failures: /\d+ (?:failed|error)/.test(said) ? [said] : [] };
}

const run = (copy, each) => (each.test.endsWith('.py') ? runPytest(copy, each) : runJest(copy, each));

/** A mutant that crashes says nothing about its rule: only what a test expected in vain kills it. */
function verdictOf({ passed, failures }) {
  if (failures.length === 0) return passed > 0 ? 'SURVIVED' : 'NAMES NO TEST';
  return failures.some((failure) => /expect\(|AssertionError/.test(failure)) ? 'killed' : `CRASHED (${failures[0]})`;
}

async function verdictOn(copy, mutant) {
  const place = join(copy, mutant.file);
  const source = readFileSync(place, 'utf8');
  if (source.split(mutant.search).length !== 2) return 'DOES NOT APPLY';
  writeFileSync(
    place,
    source.replace(mutant.search, () => mutant.replace),
  );
  const verdict = verdictOf(await run(copy, mutant));
  writeFileSync(place, source);
  return verdict;
}

/** A test that fails without a mutant says nothing about it. */
async function failWithoutMutant(copy, mutants) {
  const tests = new Map(mutants.map(({ test, named }) => [`${test}: ${named}`, { test, named }]));
  const failing = [];
  for (const [name, each] of tests) if (verdictOf(await run(copy, each)) !== 'SURVIVED') failing.push(name);
  return failing;
}

async function judge(copy, mutants) {
  const failing = await failWithoutMutant(copy, mutants);
  for (const name of failing) console.log(`FAILS WITHOUT A MUTANT: ${name}`);
  let killed = 0;
  for (const mutant of mutants) {
    const verdict = await verdictOn(copy, mutant);
    console.log(`${verdict}: ${mutant.rule} (${mutant.file})\n    by "${mutant.named}" (${mutant.test})`);
    if (verdict === 'killed') killed += 1;
  }
  console.log(`${killed} of ${mutants.length} named mutants are killed`);
  return killed === mutants.length && failing.length === 0;
}

const [word = ''] = process.argv.slice(2);
const copy = copyOfTree();
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const areKilled = await judge(
  copy,
  namedMutants.filter(({ rule }) => rule.includes(word)),
);
process.exitCode = areKilled ? 0 : 1;
