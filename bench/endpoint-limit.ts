/** A thousand requests through an endpoint that takes 37 at a time: the limit that is found beside the one that is known. */
import { ProviderError } from '../src/errors';
import { AdaptiveLimit } from '../src/providers/adaptive-limit';
import type { Benchmark, BenchmarkResult, Measurement, Tools } from './measurement';

export const endpointLimit: Benchmark = {
  name: 'endpoint-limit',
  title: '1,000 requests through an endpoint that takes 37 at a time',
  run: measure,
};

const allowed = 37;
const asked = 64;
const answerMs = [150, 250] as const;
/** Shares of requests that are refused whatever the load. */
const byChance = [0, 0.02, 0.05, 0.1];

interface Limit {
  perform<Result>(send: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

async function measure({ scale }: Tools): Promise<BenchmarkResult> {
  const requests = Math.round(1_000 * scale);
  const measurements: Measurement[] = [];
  for (const share of byChance) {
    const [known, halved, found] = [
      await secondsOf(new KnownLimit(allowed), { requests, share }),
      await secondsOf(new HalvedLimit(asked), { requests, share }),
      await secondsOf(new AdaptiveLimit(asked), { requests, share }),
    ];
    const named = `speed / that of a constant ${allowed}, ${share * 100} % refused by chance`;
    const target = { kind: 'at least' as const, value: 0.9 };
    measurements.push({ measure: named, value: known / found, unit: '', ...(share <= 0.05 ? { target } : {}) });
    measurements.push({ measure: `the same, if each refusal halved the limit`, value: known / halved, unit: '' });
  }
  return { benchmark: endpointLimit.name, measurements, setting: { requests, allowed, asked, answerMs } };
}

async function secondsOf(limit: Limit, { requests, share }: { requests: number; share: number }): Promise<number> {
  const send = endpoint(share);
  const begun = performance.now();
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: requests }, () => limit.perform(send, signal)));
  return (performance.now() - begun) / 1000;
}

/** Refuses at once what is above `allowed`, and a share of the rest. */
function endpoint(share: number): () => Promise<void> {
  let [busy, arrivals] = [0, 0];
  return async () => {
    arrivals += 1;
    // Multiples of the golden ratio are spread evenly, and the same in every run.
    const drawn = (arrivals * 0.6180339887) % 1;
    if (busy >= allowed || drawn < share) {
      await wait(2);
      throw new ProviderError('too many requests', { status: 429, retryable: true });
    }
    busy += 1;
    await wait(answerMs[0] + ((arrivals * 0.7548776662) % 1) * (answerMs[1] - answerMs[0]));
    busy -= 1;
  };
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What nobody knows beforehand. Refusals are sent again at once. */
class KnownLimit implements Limit {
  protected limit: number;
  private inFlight = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  async perform<Result>(send: () => Promise<Result>): Promise<Result> {
    for (;;) {
      await new Promise<void>((resolve) => this.waiting.push(resolve) && this.next());
      const result = await send().then(
        (value) => ({ value }),
        () => undefined,
      );
      this.inFlight -= 1;
      this.learn(result !== undefined);
      this.next();
      if (result !== undefined) return result.value;
    }
  }

  protected learn(_isAnswered: boolean): void {}

  private next(): void {
    while (this.inFlight < Math.floor(this.limit) && this.waiting.length > 0) {
      this.inFlight += 1;
      this.waiting.shift()!();
    }
  }
}

/** The usual rule of congestion control: one more for each answer, half for each refusal. */
class HalvedLimit extends KnownLimit {
  protected override learn(isAnswered: boolean): void {
    this.limit = isAnswered ? Math.min(asked, this.limit + 1) : Math.max(1, this.limit / 2);
  }
}
