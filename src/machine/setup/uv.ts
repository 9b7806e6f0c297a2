/**
 * uv downloads and unpacks in parallel what pip does one by one, in a quarter of the time. It is fetched by
 * pip, pinned and checked like everything else, and given pip's configuration; if it fails, pip does the work.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isolatedModule } from '../python-start';
import { runCommand, type CommandResult } from './command';
import { runPip } from './pip';
import type { SetupListener } from './progress';
import { requirementLines } from './requirements';

export interface UvInstallation {
  /** The environment's own Python. */
  python: string;
  /** All of them; each line pins one package. */
  files: string[];
  say: SetupListener;
}

/** Installs the packages that the files pin. Returns false, after saying why, if uv is unavailable or fails. */
export async function installWithUv({ python, files, say }: UvInstallation): Promise<boolean> {
  const uv = await obtainUv(python, files[0]!, say);
  if (uv === undefined) return false;
  const requirements = files.flatMap((file) => ['-r', file]);
  const result = await runCommand(
    uv,
    ['pip', 'install', '--python', python, '--no-deps', '--no-config', ...requirements],
    {
      environment: await asPipIsConfigured(python),
      onLine: (line) => {
        const words = uvWords(line);
        if (words !== undefined) say(words, { transient: true });
      },
      guarded: true,
    },
  );
  if (result.exitCode !== 0) say(`uv failed (${lastWords(result)}): going on with pip`);
  return result.exitCode === 0;
}

/** The environment's own uv, installed by pip if missing; undefined if the file does not pin it or pip fails. */
async function obtainUv(python: string, file: string, say: SetupListener): Promise<string | undefined> {
  const lines = requirementLines(file, 'uv');
  if (lines === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'maft-uv-'));
  try {
    const alone = join(folder, 'uv.txt');
    writeFileSync(alone, `${lines}\n`);
    const { exitCode } = await runPip(python, ['install', '--no-deps', '-r', alone], say);
    return exitCode === 0 ? join(dirname(python), 'uv') : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of uv's output worth showing. */
export function uvWords(line: string): string | undefined {
  const download = /^\s*Downloading (\S+) \(([^)]+)\)/.exec(line);
  if (download !== null) return `downloading ${download[1]} (${download[2]})`;
  const prepared = /^\s*Prepared (\d+) packages/.exec(line);
  return prepared === null ? undefined : `unpacking ${prepared[1]} packages`;
}

/** uv reads no pip.conf and no PIP_… variable: its own variables for what `pip config list` shows. */
async function asPipIsConfigured(python: string): Promise<Record<string, string>> {
  const listed = await runCommand(python, isolatedModule('pip', ['config', 'list']), { timeoutMs: 60_000 });
  return uvVariables(listed.stdout);
}

const variableOf: Record<string, string> = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'no-index': 'UV_NO_INDEX',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  proxy: 'ALL_PROXY',
  timeout: 'UV_HTTP_TIMEOUT',
  'default-timeout': 'UV_HTTP_TIMEOUT',
};

/** pip's order of precedence: `[install]` before `[global]`, the environment (`:env:`) before both. */
const sections = ['global', 'install', ':env:'];

/** From lines such as `global.index-url='https://…'`; several values of one setting are separated as uv wants them. */
export function uvVariables(pipConfiguration: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const section of sections) {
    for (const line of pipConfiguration.split('\n')) {
      const [, key, value] = new RegExp(`^${section}\\.([a-z-]+)='(.*)'$`).exec(line) ?? [];
      const variable = key === undefined ? undefined : variableOf[key];
      if (variable === undefined || value === undefined) continue;
      const separator = variable === 'UV_FIND_LINKS' ? ',' : ' ';
      variables[variable] = value
        .split(/\\n|\s+/)
        .filter((part) => part !== '')
        .join(separator);
    }
  }
  return variables;
}

function lastWords({ output, exitCode, startError }: CommandResult): string {
  const last = output.trim().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? (startError ?? `exit code ${exitCode}`) : last;
}
