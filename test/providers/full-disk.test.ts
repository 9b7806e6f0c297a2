/** A disk that is full before a trainer has even started is the same trouble as one that fills up while it trains. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TrainingJob } from '../../src/contract/training-job';
import { JobRunner } from '../../src/providers/job-runner';

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

jest.mock('node:fs/promises', () => ({
  ...jest.requireActual<object>('node:fs/promises'),
  writeFile: () => Promise.reject(noSpace),
}));

test('a job that cannot be written for want of space may be tried again when there is some', async () => {
  const workDirectory = mkdtempSync(path.join(tmpdir(), 'maft-full-disk-'));
  const trainer = new JobRunner({ python: 'python3', pythonPath: '/', device: 'cpu', killGraceMs: 100 });
  const job = { jobId: '0'.repeat(16), device: 'cpu', workDirectory } as TrainingJob;
  const options = { signal: new AbortController().signal, onEvent: () => undefined };
  await expect(trainer.train(job, options)).rejects.toMatchObject({
    name: 'ArtifactError',
    retryable: true,
    message: expect.stringMatching(/the training job cannot be written: no space left/) as string,
  });
  rmSync(workDirectory, { recursive: true });
});
