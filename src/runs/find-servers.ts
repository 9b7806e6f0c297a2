/** Finds running servers: the user's own Temporal server, or the platform on this MAFT_HOME. */
import type { MachineConfig } from '../machine/config';
import type { EngineName } from '../machine/engine-names';
import { ConfigError } from '../errors';
import { findRunningPlatform, type RunningPlatform } from '../machine/supervision/platform-state';
import { embeddedServerTarget, ownServerTarget, type TemporalTarget } from '../machine/temporal-client';

export interface FoundServers {
  target: TemporalTarget;
  /** Null if unknown: the address of the UI of a user's own server is up to its operator. */
  uiUrl: string | null;
  /** Base address without `/v1`; null if they have no model server. */
  modelServerUrl: string | null;
  /** What serves there; undefined if unknown. */
  engine: EngineName | undefined;
  /** MAFT_DATA of its workers; undefined if unknown. */
  data: string | undefined;
  /** How they were found, for the user. */
  found: string;
}

/**
 * The server of TEMPORAL_ADDRESS or TEMPORAL_PROFILE, else the one that `maft up` names to its worker, else the running
 * `maft up`; undefined if there is none. A default profile alone does not count: it may be there for other work.
 */
export function findServers(config: MachineConfig): FoundServers | undefined {
  const { address, namespace, embedded } = config.temporal;
  const elsewhere = { uiUrl: null, modelServerUrl: null, engine: undefined, data: undefined };
  if (address !== undefined) {
    const found = `Temporal at ${address}; its workers must be running`;
    return { target: ownServerTarget({ address, namespace }), found, ...elsewhere };
  }
  if (embedded !== undefined) {
    const found = `the development server at ${embedded}; its workers must be running`;
    return { target: embeddedServerTarget({ address: embedded, namespace }), found, ...elsewhere };
  }
  const running = findRunningPlatform(config.maftHome);
  if (running === undefined) return undefined;
  const { uiUrl, modelServerUrl, engine, data } = running;
  const found = `the running maft ${running.command} (process ${running.pid})`;
  return { target: targetOf(running, config), uiUrl, modelServerUrl, engine, data, found };
}

/** As `findServers`, for commands that start no servers. */
export function runningServers(config: MachineConfig): FoundServers {
  const servers = findServers(config);
  if (servers !== undefined) return servers;
  throw new ConfigError(
    `there is no Temporal server to use: no \`maft up\` is running on ${config.maftHome}. Set TEMPORAL_ADDRESS, or start \`npx maft up\``,
  );
}

/** A platform with its own UI runs its own server. */
export function targetOf(
  platform: Pick<RunningPlatform, 'temporalAddress' | 'namespace' | 'uiUrl'>,
  { temporal }: MachineConfig,
): TemporalTarget {
  const server = { address: platform.temporalAddress, namespace: platform.namespace ?? temporal.namespace };
  return platform.uiUrl === null ? ownServerTarget(server) : embeddedServerTarget(server);
}
