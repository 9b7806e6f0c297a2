/**
 * The workflows as they are in the sources now, bundled once per test run by jest's global set-up: tests must not pass on
 * a stale `dist/workflow-bundle.js`.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';
import { repositoryRoot } from '../../src/machine/paths';

const bundleVariable = 'MAFT_TEST_WORKFLOW_BUNDLE';

export async function bundleSources(): Promise<void> {
  const workflowsPath = path.join(repositoryRoot(), 'workflows', 'index.ts');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'maft-bundle-')), 'workflow-bundle.js');
  await writeFile(file, code);
  process.env[bundleVariable] = file;
}

export function sourceBundle(): Extract<WorkflowBundleOption, { codePath: string }> {
  const codePath = process.env[bundleVariable];
  if (codePath === undefined) throw new Error(`${bundleVariable} is unset: jest's global set-up makes the bundle`);
  return { codePath };
}
