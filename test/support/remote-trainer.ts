/** The port `Trainer` over another process, which has its own folder; its models are served by an endpoint of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { TrainingEvent } from '../../src/contract/training-job';
import type { BaseOfAgent } from '../../src/domain/society';
import { TrainerError } from '../../src/errors';
import type { ArtifactStore, TrainedModel, Trainer, TrainingCheck, TrainingRequest } from '../../src/ports';
import { testPython } from './model-server';

interface Line {
  event?: TrainingEvent;
  result?: unknown;
  error?: ConstructorParameters<typeof TrainerError>[1] & { message: string };
}

export class RemoteTrainer implements Trainer {
  constructor(
    private readonly url: string,
    private readonly endpoint: string,
    private readonly store: ArtifactStore,
  ) {}

  async pin({ base }: BaseOfAgent): Promise<string> {
    return base;
  }

  async check(check: TrainingCheck, signal: AbortSignal): Promise<void> {
    await this.ask('check', { check }, { signal });
  }

  async train(request: TrainingRequest, options: Parameters<Trainer['train']>[1]): Promise<TrainedModel> {
    const trainingSet = (await this.store.readVerified(request.trainingSet)).toString('utf8');
    const trained = (await this.ask('train', { request, trainingSet }, options)) as TrainedModel;
    return { ...trained, endpoint: this.endpoint };
  }

  async placeProbe(): Promise<undefined> {
    return undefined;
  }

  async has(model: string): Promise<boolean> {
    return (await this.ask('has', { model })) as boolean;
  }

  async release(jobId: string): Promise<void> {
    await this.ask('release', { jobId });
  }

  private async ask(
    method: string,
    body: object,
    { signal, onEvent }: { signal?: AbortSignal; onEvent?: (event: TrainingEvent) => void } = {},
  ): Promise<unknown> {
    const response = await fetch(`${this.url}/${method}`, { method: 'POST', body: JSON.stringify(body), signal });
    for await (const text of createInterface({ input: Readable.fromWeb(response.body! as never) })) {
      const { event, error, result } = JSON.parse(text) as Line;
      if (error !== undefined) throw new TrainerError(error.message, error);
      if (event === undefined) return result;
      onEvent?.(event);
    }
    throw new TrainerError('the remote trainer broke off', { exitCode: null, stderrTail: '', retryable: true });
  }
}

/** Starts the other process; `folder` is its own. */
export async function startRemoteTrainer(folder: string): Promise<{ url: string; close: () => Promise<void> }> {
  const host = spawn(process.execPath, [path.join(__dirname, 'remote-trainer-host.cjs'), folder, testPython], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = (await once(createInterface({ input: host.stdout }), 'line')) as [string];
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      host.stdin.end();
      if (host.exitCode === null) await once(host, 'exit');
    },
  };
}
