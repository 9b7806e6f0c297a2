/** What the model servers of a run are doing, for its progress line: asked of those that show vLLM's metrics. */
import type { RunSpecification } from '../contract/specification';
import { loadInWords, vllmLoad, type ServerLoad } from '../domain/server-load';
import { baseModels, embeddedEndpoint } from '../domain/society';
import type { MachineConfig } from '../machine/config';

const patienceMs = 1_500;

/** `vLLM: 12 running, 3 waiting, 240 tokens/s`; empty where that is unknown. Never rejects. */
export type LoadReader = () => Promise<string>;

/** @param modelServerUrl Of the embedded endpoint, without `/v1`; null if there is none. */
export function serversOf(
  specification: Pick<RunSpecification, 'model'>,
  { endpoints }: Pick<MachineConfig, 'endpoints'>,
  modelServerUrl: string | null,
): string[] {
  const urls = baseModels(specification).map(({ endpoint }) =>
    endpoint === embeddedEndpoint
      ? (modelServerUrl ?? undefined)
      : endpoints[endpoint]?.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, ''),
  );
  return [...new Set(urls.filter((url) => url !== undefined))];
}

/** Of several servers, the sums. Tokens per second are those between two readings. */
export function createLoadReader(urls: readonly string[], now: () => number = Date.now): LoadReader {
  let before: { at: number; written: number } | undefined;
  return async () => {
    const loads = (await Promise.all(urls.map(loadAt))).filter((load) => load !== undefined);
    if (loads.length === 0) return '';
    const load = loads.reduce(added);
    const { written } = load;
    const at = now();
    const rate =
      written === undefined || before === undefined || written < before.written || at <= before.at
        ? undefined
        : ((written - before.written) * 1000) / (at - before.at);
    before = written === undefined ? undefined : { at, written };
    const words = loadInWords(load, rate);
    return words === '' ? '' : `vLLM: ${words}`;
  };
}

async function loadAt(url: string): Promise<ServerLoad | undefined> {
  try {
    const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(patienceMs) });
    const text = await answer.text();
    return answer.ok && text.includes('vllm:') ? vllmLoad(text) : undefined;
  } catch {
    // A server that is starting, or has no such page: nothing is known of it.
    return undefined;
  }
}

/** Unknown where one of them is. */
function added(left: ServerLoad, right: ServerLoad): ServerLoad {
  const sum = (field: keyof ServerLoad) => {
    const [one, other] = [left[field], right[field]];
    return one === undefined || other === undefined ? undefined : one + other;
  };
  return { running: sum('running'), waiting: sum('waiting'), written: sum('written'), maxLoras: undefined };
}
