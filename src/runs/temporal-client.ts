/** Connecting to Temporal as its own tools do: environment variables and the profile file (`@temporalio/envconfig`). */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigError } from '../errors';

export interface TemporalTarget {
  connectionOptions: ConnectionOptions;
  namespace: string;
}

/**
 * Address, TLS, API key and namespace from TEMPORAL_* and the profile file, for a server of the user's own.
 *
 * @param address Overrides what is found there.
 */
export function ownServerTarget(address?: string): TemporalTarget {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  return {
    connectionOptions: address === undefined ? connectionOptions : { ...connectionOptions, address },
    namespace: namespace ?? 'default',
  };
}

/** A development server on loopback, which has neither TLS nor keys, whatever a profile says about other servers. */
export function embeddedServerTarget(address: string, namespace: string): TemporalTarget {
  return { connectionOptions: { address }, namespace };
}

/** As `connect`, with a client of the target's namespace. */
export async function connectClient(target: TemporalTarget): Promise<Client> {
  return new Client({ connection: await connect(target), namespace: target.namespace });
}

/** Connects; a server that does not answer is a `ConfigError` with the address. The caller closes the connection. */
export async function connect({ connectionOptions }: Pick<TemporalTarget, 'connectionOptions'>): Promise<Connection> {
  try {
    return await Connection.connect({ ...connectionOptions, connectTimeout: '10 seconds' });
  } catch (cause) {
    throw new ConfigError(
      `no Temporal server answers at ${connectionOptions.address ?? 'localhost:7233'}. ` +
        'Start one with `npx maft up`, or set TEMPORAL_ADDRESS',
      { cause },
    );
  }
}
