/** Connects to Temporal: to the user's own server as Temporal's tools do, to a development server without TLS or keys. */
import { createConnection } from 'node:net';
import { Client, Connection, ServiceError, type ConnectionOptions } from '@temporalio/client';
import { ConfigError } from '../errors';
import { connectionSettings } from './temporal-profile';

export interface TemporalTarget {
  connectionOptions: ConnectionOptions & { address: string };
  namespace: string;
}

interface ServerName {
  /** host:port. */
  address: string;
  namespace: string;
}

/** The user's own server, with the TLS settings and the API key of TEMPORAL_* and the profile file. */
export function ownServerTarget(
  { address, namespace }: ServerName,
  environment: Record<string, string | undefined> = process.env,
): TemporalTarget {
  return { connectionOptions: { ...connectionSettings(environment), address }, namespace };
}

/** A development server on loopback, which has neither TLS nor keys, even if a profile sets them for other servers. */
export function embeddedServerTarget({ address, namespace }: ServerName): TemporalTarget {
  return { connectionOptions: { address }, namespace };
}

/** As `connect`, with a client of the target's namespace. */
export async function connectClient(target: TemporalTarget): Promise<Client> {
  return new Client({ connection: await connect(target), namespace: target.namespace });
}

/** Connects. Throws `ConfigError` with the address and the reason. The caller closes the connection. */
export async function connect({ connectionOptions }: Pick<TemporalTarget, 'connectionOptions'>): Promise<Connection> {
  await refuseClosedPort(connectionOptions);
  try {
    return await Connection.connect({ ...connectionOptions, connectTimeout: '10 seconds' });
  } catch (cause) {
    // Unless the server has answered, the error says only that time is up.
    const reason = cause instanceof ServiceError ? sentenceOf(cause) : await reasonOf(connectionOptions, cause);
    throw new ConfigError(describeFailure(connectionOptions, reason), { cause });
  }
}

/** If nothing listens, gRPC tries for ten seconds; for this machine the system knows at once. */
async function refuseClosedPort(connectionOptions: TemporalTarget['connectionOptions']): Promise<void> {
  const { hostname, port } = new URL(`tcp://${connectionOptions.address}`);
  if (!isLoopback(connectionOptions.address)) return;
  const socket = createConnection({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) });
  const refusal = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined)).once('error', resolve);
  });
  socket.destroy();
  if (refusal?.code === 'ECONNREFUSED')
    throw new ConfigError(describeFailure(connectionOptions, `connect ECONNREFUSED ${connectionOptions.address}`));
}

function isLoopback(address: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\]):\d+$/.test(address);
}

function describeFailure({ address, tls, apiKey }: TemporalTarget['connectionOptions'], reason: string): string {
  const isPlainLoopback = isLoopback(address) && !tls && apiKey === undefined;
  if (isPlainLoopback && reason.includes('ECONNREFUSED')) {
    return `no Temporal server answers at ${address}: ${reason}. Start one with \`npx maft up\`, or set TEMPORAL_ADDRESS`;
  }
  return (
    `Temporal at ${address} cannot be connected to: ${reason}. ` +
    'Check TEMPORAL_ADDRESS, TEMPORAL_API_KEY and TEMPORAL_TLS_…, or the profile they stand in for'
  );
}

/** A single attempt, not repeated until time is up: its error gives the reason that the last one hit. */
async function reasonOf(connectionOptions: ConnectionOptions, failure: unknown): Promise<string> {
  let connection: Connection | undefined;
  try {
    // New sockets, because those of the previous connection may be between two attempts, when no error is known.
    const channelArgs = { 'grpc.use_local_subchannel_pool': 1 };
    connection = Connection.lazy({ ...connectionOptions, channelArgs, interceptors: [] });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + 5_000, () => workflowService.getSystemInfo({}));
    return sentenceOf(failure);
  } catch (error) {
    return sentenceOf(error);
  } finally {
    await connection?.close();
  }
}

/** The message of the deepest cause, without gRPC's wrapping. */
function sentenceOf(error: unknown): string {
  let deepest = error as Error & { details?: string };
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  const text = deepest.details ?? deepest.message;
  const [, inner = text] = /Last error: (?:Error: )?(.*?)\.? *Resolution note:/s.exec(text) ?? [];
  // The message quotes a header that cannot be sent, which may hold a key.
  const withoutValues = inner.replace(/ value ".*"/s, ' value');
  return withoutValues.replaceAll(/\s+/g, ' ').replace(/[\s.]+$/, '');
}
