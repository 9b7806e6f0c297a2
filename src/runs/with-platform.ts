/** Where a command finds its servers: TEMPORAL_ADDRESS, else a running `maft up`, else servers of its own for its duration. */
import type { Client } from '@temporalio/client';
import { loadConfig, type MachineConfig } from '../config';
import type { BaseModel } from '../setup/model-folder';
import { prepareMachine } from '../setup/prepare-machine';
import type { SetupListener } from '../setup/progress';
import { startPlatform, type PlatformEvent } from '../supervision/platform';
import { findRunningPlatform } from '../supervision/platform-state';
import { connectClient, temporalTarget } from './temporal-client';

export interface Servers {
  client: Client;
  config: MachineConfig;
  /** Null where the Temporal server is not ours: its UI is where its operator put it. */
  uiUrl: string | null;
  /** How the servers were found, for the user. */
  found: string;
}

export interface PlatformRequest {
  command: string;
  /** Started where nothing runs yet; null starts no model server. */
  model: BaseModel | null;
  listener: SetupListener;
  interrupted: AbortSignal;
}

/** Gives `use` the servers and ends those that were started for it. */
export async function withServers<Result>(
  request: PlatformRequest,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig();
  const running = config.temporal.address === undefined ? findRunningPlatform(config.maftHome) : undefined;
  if (config.temporal.address !== undefined) {
    const found = `Temporal at ${config.temporal.address} (TEMPORAL_ADDRESS); its workers must be running`;
    return withClient(config, config.temporal.address, { uiUrl: null, found }, use);
  }
  if (running !== undefined) {
    const found = `the running maft ${running.command} (process ${running.pid})`;
    return withClient(config, running.temporalAddress, { uiUrl: running.uiUrl, found }, use);
  }
  return withOwnPlatform(config, request, use);
}

/** The servers that run already, for commands that only look; throws `ConfigError` where none do. */
export async function withRunningServers<Result>(use: (servers: Servers) => Promise<Result>): Promise<Result> {
  const config = loadConfig();
  const running = config.temporal.address === undefined ? findRunningPlatform(config.maftHome) : undefined;
  const address = config.temporal.address ?? running?.temporalAddress;
  return withClient(config, address, { uiUrl: running?.uiUrl ?? null, found: address ?? 'TEMPORAL profile' }, use);
}

async function withOwnPlatform<Result>(
  config: MachineConfig,
  { command, model, listener, interrupted }: PlatformRequest,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const { python, temporal } = await prepareMachine(config, listener);
  const programs = { python: python.program, temporal: temporal?.program };
  const onEvent = ({ state, message }: PlatformEvent) => {
    if (state === 'died' || state === 'notice') listener(message);
  };
  const platform = await startPlatform({ command, config, model, programs, onEvent, signal: interrupted });
  try {
    const where = { uiUrl: platform.uiUrl, found: 'servers of its own, for as long as it runs' };
    return await withClient(config, platform.temporalAddress, where, use);
  } finally {
    await platform.stop();
  }
}

async function withClient<Result>(
  config: MachineConfig,
  address: string | undefined,
  where: Pick<Servers, 'uiUrl' | 'found'>,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const client = await connectClient(temporalTarget(address));
  try {
    return await use({ client, config, ...where });
  } finally {
    await client.connection.close();
  }
}
