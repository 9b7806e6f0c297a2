/** What a connection that fails tells: against addresses on this machine at which no Temporal server answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../../src/errors';
import { connect, type TemporalTarget } from '../../src/machine/temporal-client';

type ConnectionOptions = TemporalTarget['connectionOptions'];

const nobody = '127.0.0.1:1';
const noCertificate = { crt: Buffer.from('x'), key: Buffer.from('y') };
const failing: Record<string, { options: Partial<ConnectionOptions>; reason: RegExp }> = {
  'a name that nobody knows': { options: { address: 'nosuch.invalid:7233' }, reason: /: Name resolution failed / },
  'a handshake that fails': { options: { tls: true }, reason: /: .*SSL routines.*wrong version number/ },
  'a certificate that is none': { options: { tls: { clientCertPair: noCertificate } }, reason: /: .*PEM routines/ },
  'a key with a line break': { options: { apiKey: 's3cret\n', tls: null }, reason: /illegal characters/ },
  'a refused connection to a server with keys': {
    options: { address: nobody, apiKey: 'a' },
    reason: /: connect ECONNREFUSED 127\.0\.0\.1:1\. /,
  },
};

let notTemporal: Server;
let refused: string;
const messages: Record<string, string> = {};

// All at once: each takes the ten seconds that a server has to come up.
beforeAll(async () => {
  notTemporal = createServer();
  await new Promise<void>((resolve) => notTemporal.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(notTemporal.address() as AddressInfo).port}`;
  const attempts = Object.entries(failing).map(async ([name, { options }]) => {
    messages[name] = await failureOf({ address, ...options });
  });
  refused = await failureOf({ address: nobody });
  await Promise.all(attempts);
});

afterAll(() => {
  notTemporal.close();
});

async function failureOf(connectionOptions: ConnectionOptions): Promise<string> {
  const error: unknown = await connect({ connectionOptions }).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

test('where nothing listens on this machine, `maft up` is what is missing', () => {
  expect(refused).toBe(
    'no Temporal server answers at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1. Start one with `npx maft up`, or set TEMPORAL_ADDRESS',
  );
});

test.each(Object.keys(failing))('%s is told, and not answered with `maft up`', (name) => {
  expect(messages[name]).toMatch(/^Temporal at .*:\d+ cannot be connected to: /);
  expect(messages[name]).toMatch(failing[name]!.reason);
  expect(messages[name]).toContain('. Check TEMPORAL_ADDRESS, TEMPORAL_API_KEY and TEMPORAL_TLS_…');
  expect(messages[name]).not.toContain('maft up');
  expect(messages[name]).not.toContain('s3cret');
});
