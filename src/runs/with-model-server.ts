/**
 * Where a command that needs no workflow finds the embedded model server: MAFT_MODEL_SERVER, else that of a running
 * `maft up` which serves the model, else one for the command's duration.
 */
import { join } from 'node:path';
import { openStore } from '../machine/open-store';
import { loadConfig, resolveEndpoint, type MachineConfig } from '../machine/config';
import { adapterConfigKey, modelsKey } from '../domain/keys';
import type { Society } from '../contract/society';
import type { EngineName } from '../machine/engine-names';
import type { RunSpecification } from '../contract/specification';
import { embeddedBases, embeddedEndpoint, nameOfBase } from '../domain/society';
import { ProviderError } from '../errors';
import { OpenAiEndpoint } from '../providers/openai-endpoint';
import { OpenAiInference } from '../providers/openai-inference';
import { embeddedModels } from '../machine/setup/model-folder';
import type { SetupListener } from '../machine/setup/progress';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import { findRunningPlatform } from '../machine/supervision/platform-state';
import { choosePorts, loopback } from '../machine/supervision/ports';
import { modelServer } from '../machine/supervision/programs';
import { SupervisedProcess } from '../machine/supervision/supervised-process';

export interface ModelServerRequest {
  /** Whose bases the embedded endpoint must serve; no server is started if every endpoint is elsewhere. */
  specification: Pick<RunSpecification, 'model'>;
  /** The society that is asked; undefined: base models alone. */
  society?: Pick<Society, 'agents'> | undefined;
  listener: SetupListener;
  interrupted: AbortSignal;
}

/** Gives `use` a configuration whose endpoint `embedded` answers, and ends the server that was started for it. */
export async function withModelServer<Result>(
  request: ModelServerRequest,
  use: (config: MachineConfig) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig();
  const { specification, listener, interrupted } = request;
  const names = embeddedBases(specification).map(nameOfBase);
  if (names.length === 0 || config.modelServer !== undefined) return use(config);
  const running = findRunningPlatform(config.maftHome);
  const url = running?.modelServerUrl ?? undefined;
  if (running !== undefined && url !== undefined) {
    const served = { ...config, modelServer: url };
    const lacking = (await serves(served, names, interrupted))
      ? await wholeModel(config, running.engine, request.society)
      : names.join(' and ');
    if (lacking === undefined) return use(served);
    listener(
      `the model server at ${url} does not serve ${lacking} now: starting a model server for as long as this takes`,
    );
  }
  return withOwnServer(config, request, use);
}

/** The first agent's full weights, which a vLLM cannot serve beside its base; undefined if there are none. */
async function wholeModel(
  config: MachineConfig,
  engine: EngineName,
  society: ModelServerRequest['society'],
): Promise<string | undefined> {
  if (engine !== 'vllm' || society === undefined) return undefined;
  const store = openStore(config);
  const tuned = Object.values(society.agents).filter(
    ({ trainedIn, endpoint }) => trainedIn > 0 && endpoint === embeddedEndpoint,
  );
  for (const { model } of tuned) if (!(await store.has(adapterConfigKey(model)))) return `${model} (full weights)`;
  return undefined;
}

async function serves(config: MachineConfig, wanted: readonly string[], signal: AbortSignal): Promise<boolean> {
  const endpoint = new OpenAiEndpoint(resolveEndpoint(config, embeddedEndpoint));
  try {
    const names = await new OpenAiInference(endpoint).models(signal);
    return wanted.every((name) => names.includes(name));
  } catch (error) {
    // A server that is still starting, or no longer answers, is of no use now.
    if (error instanceof ProviderError) return false;
    throw error;
  } finally {
    await endpoint.close();
  }
}

async function withOwnServer<Result>(
  config: MachineConfig,
  { specification, listener, interrupted }: ModelServerRequest,
  use: (config: MachineConfig) => Promise<Result>,
): Promise<Result> {
  const python = await ensurePythonEnvironment({ listener, ownPython: config.python });
  const fetching = { python: python.program, listener, signal: interrupted };
  // Not null: some base is served by the embedded endpoint.
  const model = (await embeddedModels([specification], fetching))!;
  // The configured port belongs to `maft up`.
  const { ports, release } = await choosePorts({});
  const modelsDirectory = openStore(config).addressOf(modelsKey);
  const program = modelServer({
    python: python.program,
    model,
    modelsDirectory,
    port: ports.modelServer,
    ...config.server,
  });
  const server = new SupervisedProcess(program, {
    logFile: join(config.maftHome, 'logs', 'model-server-alone.log'),
    onEvent: ({ state, message }) => {
      if (state === 'died') listener(message);
    },
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= server.stop());
  interrupted.addEventListener('abort', stop);
  try {
    interrupted.throwIfAborted();
    await server.start();
    return await use({ ...config, modelServer: `http://${loopback}:${ports.modelServer}` });
  } finally {
    interrupted.removeEventListener('abort', stop);
    await stop();
    release();
  }
}
