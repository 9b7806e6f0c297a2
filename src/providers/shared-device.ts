/**
 * One GPU for serving and training: a vLLM gives its memory back while agents are trained. Asleep on level 1 it keeps its
 * weights in main memory and lets requests wait, which callers see as slow answers only.
 */
import type { SharedDevice } from '../ports';

/** The device is not shared: a training begins at once. */
export const ownDevice: SharedDevice = { during: (training) => training(), reclaim: async () => undefined };

export interface SleepingServerOptions {
  /** Of the vLLM, without `/v1`. It must have been started with --enable-sleep-mode and VLLM_SERVER_DEV_MODE=1. */
  url: string;
  /** Told what went wrong; trainings go on all the same. */
  say: (line: string) => void;
}

/** Longest wait for requests in flight to end, and for weights to move, milliseconds. */
const patienceMs = 1_800_000;

/** Trainings of this process may overlap: the first puts the server to sleep, the last wakes it. */
export class SleepingServer implements SharedDevice {
  private trainings = 0;
  /** Sleeping and waking follow one another, whoever asks. */
  private latest: Promise<void> = Promise.resolve();

  constructor(private readonly options: SleepingServerOptions) {}

  async during<Result>(training: () => Promise<Result>): Promise<Result> {
    this.trainings += 1;
    try {
      await this.settle();
      return await training();
    } finally {
      this.trainings -= 1;
      await this.settle();
    }
  }

  /** After a worker that died while it trained: nothing else would wake the server. */
  async reclaim(): Promise<void> {
    await this.settle();
  }

  /** Level 2 would drop the weights, and fails with adapters. `wait` lets the answers in flight end first. */
  private settle(): Promise<void> {
    this.latest = this.latest.then(async () => {
      const wanted = this.trainings > 0;
      try {
        if ((await this.isAsleep()) === wanted) return;
        await this.post(wanted ? '/sleep?level=1&mode=wait' : '/wake_up');
      } catch (error) {
        const failed = wanted
          ? 'was not put to sleep, and training shares the memory with it'
          : 'was not woken: its requests wait until it is; the next training tries again, or restart it';
        this.options.say(`vLLM at ${this.options.url} ${failed}: ${(error as Error).message}`);
      }
    });
    return this.latest;
  }

  private async isAsleep(): Promise<boolean> {
    const answer = await fetch(`${this.options.url}/is_sleeping`, { signal: AbortSignal.timeout(30_000) });
    if (!answer.ok) throw new Error(`/is_sleeping answered ${answer.status}`);
    return ((await answer.json()) as { is_sleeping?: unknown }).is_sleeping === true;
  }

  private async post(path: string): Promise<void> {
    const { url } = this.options;
    const answer = await fetch(`${url}${path}`, { method: 'POST', signal: AbortSignal.timeout(patienceMs) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  }
}
