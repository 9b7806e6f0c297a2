/** Jest's global set-up: makes sure of the Temporal CLI and starts the server that all tests share. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/machine/config';
import { stderrListener } from '../../src/machine/setup/progress';
import { ensurePythonEnvironment } from '../../src/machine/setup/python-environment';
import { ensureTemporalCli } from '../../src/machine/setup/temporal-cli';
import { sharedFolderVariable } from './e2e-runs';
import { bundleSources } from './source-bundle';
import { addressVariable, startTemporalServer } from './temporal-server';

export default async function globalSetup(): Promise<void> {
  const listener = stderrListener();
  const config = loadConfig();
  const python = await ensurePythonEnvironment({ listener, ownPython: config.python });
  const { program } = await ensureTemporalCli({ listener, ownProgram: config.temporalProgram, python: python.program });
  const { address, child } = await startTemporalServer(program);
  process.env[addressVariable] = address;
  await bundleSources();
  process.env[sharedFolderVariable] = mkdtempSync(join(tmpdir(), 'maft-shared-'));
  process.env.MAFT_TEST_TEMPORAL_CLI = program;
  process.env.MAFT_TEST_PYTHON = python.program;
  Object.assign(globalThis, { maftTestTemporalServer: child });
}
