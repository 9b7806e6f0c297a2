/** Where a command finds its servers: TEMPORAL_ADDRESS, else a running `maft up`, else its own for its duration. */
import type { Client } from '@temporalio/client';
import { loadConfig, type MachineConfig } from '../machine/config';
import { ConfigError } from '../errors';
import type { RunSpecification } from '../contract/specification';
import { ownEngine } from '../machine/engine-names';
import { requireServable, withEngine, withRoomFor, type EngineOptions } from '../machine/engine';
import type { BaseModel } from '../machine/setup/model-folder';
import { giveUpCommands } from '../machine/setup/command';
import type { Fetching } from '../machine/setup/hub';
import { prepareMachine } from '../machine/setup/prepare-machine';
import type { SetupListener } from '../machine/setup/progress';
import { startPlatform, type PlatformEvent } from '../machine/supervision/platform';
import { findServers, runningServers, targetOf, type FoundServers } from './find-servers';
import { connectClient } from '../machine/temporal-client';

export interface Servers {
  client: Client;
  config: MachineConfig;
  /** Null if the Temporal server is not ours: the address of its UI is up to its operator. */
  uiUrl: string | null;
  /** Base address without `/v1` of the embedded endpoint; null if unknown or none. */
  modelServerUrl: string | null;
  /** How the servers were found, for the user. */
  found: string;
}

export interface PlatformRequest {
  command: string;
  /** What the user wants to serve the models, for servers that are started here. */
  engine: EngineOptions;
  /** The runs that the servers are for. */
  specifications: readonly RunSpecification[];
  /** Finds or fetches what the model server serves, if one must be started; null starts none. */
  model: (fetching: Fetching) => Promise<BaseModel | null>;
  listener: SetupListener;
  interrupted: AbortSignal;
  /** Checks to make before servers are started: for data that are missing or do not parse. */
  beforeStart?: (config: MachineConfig) => Promise<void>;
  /** Whether the run outlives this command; it then needs servers that do, too. */
  detach?: boolean;
}

/** Gives `use` the servers and ends those that were started for it. */
export async function withServers<Result>(
  request: PlatformRequest,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig();
  const servers = findServers(config);
  if (servers !== undefined) {
    refuseOtherData(config, servers);
    refuseOtherEngine(request.engine, servers);
    return withClient(config, servers, use);
  }
  if (request.detach) {
    throw new ConfigError(
      '--detach needs servers that go on running: start `npx maft up` first, or set TEMPORAL_ADDRESS',
    );
  }
  const own = withRoomFor(withEngine(config, request.engine), request.specifications);
  requireServable(own, request.specifications);
  await request.beforeStart?.(own);
  return withOwnPlatform(own, request, use);
}

/** Running servers serve with what they were started with; servers elsewhere are taken for `maft.serve`. */
function refuseOtherEngine({ engine, ...forVllm }: EngineOptions, servers: FoundServers): void {
  const isSame = engine === undefined || engine === (servers.engine ?? ownEngine);
  if (isSame && Object.values(forVllm).every((each) => each === undefined)) return;
  throw new ConfigError(
    `--engine and its options are for servers that this command starts, and ${servers.found} is used: ` +
      'leave them out, or stop that one and start `npx maft up` with them',
  );
}

/** Relative paths of a specification mean the data folder of the workers: a MAFT_DATA beside it would be ignored. */
function refuseOtherData({ data }: MachineConfig, servers: FoundServers): void {
  if (!process.env.MAFT_DATA || servers.data === undefined || servers.data === data) return;
  throw new ConfigError(
    `MAFT_DATA is ${data} here, but ${servers.found} reads ${servers.data}: ` +
      'leave MAFT_DATA out here, or stop that one and start it with this MAFT_DATA',
  );
}

/** The running servers, for commands that only look. Throws `ConfigError` if there are none. */
export async function withRunningServers<Result>(use: (servers: Servers) => Promise<Result>): Promise<Result> {
  const config = loadConfig();
  return withClient(config, runningServers(config), use);
}

async function withOwnPlatform<Result>(
  config: MachineConfig,
  { command, listener, interrupted, ...request }: PlatformRequest,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const { python, temporal } = await unlessInterrupted(prepareMachine(config, listener), interrupted);
  const programs = { python: python.program, temporal: temporal?.program };
  const fetching = { python: python.program, listener, signal: interrupted };
  const model = await unlessInterrupted(request.model(fetching), interrupted);
  const onEvent = ({ state, message }: PlatformEvent) => {
    if (state === 'died' || state === 'notice') listener(message);
  };
  const platform = await startPlatform({ command, config, model, programs, onEvent, signal: interrupted });
  try {
    const found = 'servers of its own, for as long as it runs';
    const { uiUrl, modelServerUrl } = platform;
    return await withClient(config, { target: targetOf(platform, config), uiUrl, modelServerUrl, found }, use);
  } finally {
    await platform.stop();
  }
}

/** Aborts set-up at once: the next command completes what this one has begun. */
async function unlessInterrupted<Result>(setUp: Promise<Result>, interrupted: AbortSignal): Promise<Result> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      giveUpCommands();
      reject(interrupted.reason as Error);
    };
  });
  interrupted.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([setUp, aborted]);
  } finally {
    interrupted.removeEventListener('abort', onAbort);
  }
}

async function withClient<Result>(
  config: MachineConfig,
  { target, uiUrl, modelServerUrl, found }: Pick<FoundServers, 'target' | 'uiUrl' | 'modelServerUrl' | 'found'>,
  use: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const client = await connectClient(target);
  try {
    return await use({ client, config, uiUrl, modelServerUrl, found });
  } finally {
    await client.connection.close();
  }
}
