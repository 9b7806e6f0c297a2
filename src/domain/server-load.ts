/** What a model server is doing, read out of its `/metrics` (Prometheus' text format). What is not there is unknown, not 0. */

export interface ServerLoad {
  /** Requests that are being answered. */
  running: number | undefined;
  /** Requests that wait for a place. */
  waiting: number | undefined;
  /** Tokens written since the server started. */
  written: number | undefined;
  /** Adapters that one batch may mix. */
  maxLoras: number | undefined;
}

/** Names as vLLM has had them since its engine of 2025. Several engines or models of one server are added up. */
export function vllmLoad(metrics: string): ServerLoad {
  const label = /^vllm:lora_requests_info\{[^}]*\bmax_lora="(\d+)"/m.exec(metrics)?.[1];
  return {
    running: sumOf(metrics, 'vllm:num_requests_running'),
    waiting: sumOf(metrics, 'vllm:num_requests_waiting'),
    written: sumOf(metrics, 'vllm:generation_tokens_total'),
    maxLoras: label === undefined ? undefined : Number(label),
  };
}

function sumOf(metrics: string, name: string): number | undefined {
  const values = metrics.split('\n').flatMap((line) => {
    const [labelled, value] = line.trim().split(/\s+(?=\S+$)/);
    const number = Number(value);
    return labelled?.replace(/\{.*$/, '') === name && Number.isFinite(number) ? [number] : [];
  });
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** `12 running, 3 waiting, 240 tokens/s` of what is known; empty if nothing is. */
export function loadInWords({ running, waiting }: ServerLoad, tokensPerSecond: number | undefined): string {
  return [
    ...(running === undefined ? [] : [`${running} running`]),
    ...(waiting === undefined ? [] : [`${waiting} waiting`]),
    ...(tokensPerSecond === undefined ? [] : [`${Math.round(tokensPerSecond)} tokens/s`]),
  ].join(', ');
}
