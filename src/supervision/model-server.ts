/** A model server alone, for commands that only ask models: any free port, a log of its own, ended with its owner. */
import { join } from 'node:path';
import type { MachineConfig } from '../config';
import type { BaseModel } from '../setup/model-folder';
import type { SetupListener } from '../setup/progress';
import { choosePorts, loopback } from './ports';
import { modelServer } from './programs';
import { SupervisedProcess } from './supervised-process';

export interface StartedModelServer {
  /** Without `/v1`. */
  url: string;
  stop(): Promise<void>;
}

/** Resolves when it answers. Throws `ConfigError` where it does not start; nothing is left running then. */
export async function startModelServer(options: {
  config: MachineConfig;
  python: string;
  model: BaseModel;
  listener: SetupListener;
}): Promise<StartedModelServer> {
  const { config, python, model, listener } = options;
  const chosen = await choosePorts({ configured: config.ports, remembered: undefined });
  const port = chosen.ports.modelServer;
  const modelsDirectory = join(config.store, 'models');
  const server = new SupervisedProcess(modelServer({ python, model, modelsDirectory, port, ...config.server }), {
    logFile: join(config.maftHome, 'logs', 'model-server-alone.log'),
    onEvent: ({ state, message }) => {
      if (state === 'died') listener(message);
    },
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    chosen.release();
  };
  try {
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://${loopback}:${port}`, stop };
}
