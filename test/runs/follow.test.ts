/** Following a run where Temporal is slow. */
import { ServiceError, type Client } from '@temporalio/client';
import { followWorkflow } from '../../src/runs/follow';

const display = { note: () => undefined, stop: () => undefined };

function clientWhoseResultIs(...answers: (() => Promise<unknown>)[]): Client {
  const handle = { result: () => answers.shift()!(), cancel: () => Promise.resolve() };
  return { workflow: { getHandle: () => handle } } as unknown as Client;
}

function refusal(code: number, details: string): () => Promise<never> {
  const cause = Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  return () => Promise.reject(new ServiceError('Unknown gRPC error', { cause }));
}

const follow = (client: Client) =>
  followWorkflow(client, 'maft/run', {
    ...{ display, interrupted: new AbortController().signal },
    look: () => Promise.reject(new Error('no worker answers')),
  });

test('a server that is late is asked again, since the run goes on there', async () => {
  const late = refusal(4, 'context deadline exceeded');
  await expect(follow(clientWhoseResultIs(late, () => Promise.resolve('ended')))).resolves.toBe('ended');
});

test('any other refusal ends the following', async () => {
  const refused = refusal(7, 'no permission');
  await expect(follow(clientWhoseResultIs(refused))).rejects.toThrow('Unknown gRPC error');
});
