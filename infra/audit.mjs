/**
 * `npm run audit`: asks whether the pinned packages have known vulnerabilities: npm's registry for the production
 * dependencies, OSV (which `uv audit` asks as well) for python/requirements*.txt. Exit code 1 for findings only. Where
 * one could not be asked (offline, a registry without an audit endpoint), it says so: that is no "none found".
 *
 *   node infra/audit.mjs [ADDRESS-OF-OSV]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvHttpProxyAgent, fetch } from 'undici';

const root = fileURLToPath(new URL('..', import.meta.url));
const [osv = 'https://api.osv.dev'] = process.argv.slice(2);
const patienceMs = 60_000;
const isProxied = ['HTTPS_PROXY', 'https_proxy'].some((name) => process.env[name]);

/** Findings, one line each. Throws the reason where npm's registry could not be asked. */
function auditNpm() {
  const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: patienceMs,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  const answer = JSON.parse(stdout || '{}');
  if (answer.vulnerabilities === undefined)
    throw new Error(answer.message ?? answer.error?.summary ?? 'npm said nothing');
  return Object.values(answer.vulnerabilities).map(({ name, range, severity, via }) => {
    const causes = via.map((each) => (typeof each === 'string' ? `by ${each}` : `${each.title} (${each.url})`));
    return `${name} ${range}: ${severity}: ${causes.join('; ')}`;
  });
}

/** Every pin of the requirements files, for all platforms. */
function pythonPins() {
  const folder = join(root, 'python');
  const files = readdirSync(folder).filter((name) => /^requirements.*\.txt$/.test(name));
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.flatMap((line) => {
    const [, name, version] = /^([A-Za-z0-9._-]+)==([^\s;\\]+)/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, version }];
  });
}

/** As `auditNpm`, of OSV. */
async function auditPython() {
  const pins = pythonPins();
  const queries = pins.map(({ name, version }) => ({ package: { name, ecosystem: 'PyPI' }, version }));
  const response = await fetch(`${osv}/v1/querybatch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queries }),
    signal: AbortSignal.timeout(patienceMs),
    ...(isProxied ? { dispatcher: new EnvHttpProxyAgent() } : {}),
  });
  if (!response.ok) throw new Error(`${osv} answered with status ${response.status}`);
  const { results } = await response.json();
  if (results?.length !== pins.length)
    throw new Error(`${osv} answered for ${results?.length} of ${pins.length} packages`);
  return pins.flatMap(({ name, version }, index) =>
    (results[index].vulns ?? []).map(({ id }) => `${name} ${version}: https://osv.dev/vulnerability/${id}`),
  );
}

async function report(title, audit) {
  try {
    const findings = await audit();
    console.log(`${title}: ${findings.length === 0 ? 'no known vulnerability' : `${findings.length} found`}`);
    for (const finding of findings) console.log(`  ${finding}`);
    return findings.length;
  } catch (error) {
    console.log(`${title}: NOT ASKED: ${error.cause?.message || error.message}`);
    return 0;
  }
}

const npm = await report('npm, production dependencies', auditNpm);
const python = await report('PyPI, python/requirements*.txt', auditPython);
process.exitCode = npm + python > 0 ? 1 : 0;
