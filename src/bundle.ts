/**
 * The workflow bundle: made once by `npm run build`, so that a worker starts in a second instead of bundling for five.
 * Run as a script it writes `dist/workflow-bundle.js`.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';
import { repositoryRoot } from './machine/paths';

const bundleFile = () => path.join(repositoryRoot(), 'dist', 'workflow-bundle.js');

/** The built bundle; if there is none (running from sources), it is made now. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  return existsSync(bundleFile()) ? { codePath: bundleFile() } : makeBundle();
}

async function makeBundle(): Promise<{ code: string }> {
  const compiled = path.join(repositoryRoot(), 'dist', 'workflows', 'index.js');
  const source = path.join(repositoryRoot(), 'workflows', 'index.ts');
  return bundleWorkflowCode({
    workflowsPath: existsSync(compiled) ? compiled : source,
    logger: new DefaultLogger('ERROR'),
  });
}

if (require.main === module) {
  makeBundle()
    .then(({ code }) => writeFile(bundleFile(), code))
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
}
