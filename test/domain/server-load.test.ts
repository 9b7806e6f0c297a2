/** What a model server is doing, read out of its metrics. */
import { loadInWords, vllmLoad } from '../../src/domain/server-load';

/** As vLLM 0.32.0 writes them. */
const metrics = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="models/tiny-arithmetic"} 12.0
vllm:num_requests_waiting{engine="0",model_name="models/tiny-arithmetic"} 3.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="models/tiny-arithmetic",reason="capacity"} 3.0
vllm:generation_tokens_total{engine="0",model_name="models/tiny-arithmetic"} 1.5e+06
vllm:generation_tokens_created{engine="0",model_name="models/tiny-arithmetic"} 1.796e+09
vllm:lora_requests_info{max_lora="6",running_lora_adapters="a,b",waiting_lora_adapters=""} 1.796e+09
`;

test('running and waiting requests, tokens written and adapters in a batch are read by their exact names', () =>
  expect(vllmLoad(metrics)).toEqual({ running: 12, waiting: 3, written: 1_500_000, maxLoras: 6 }));

test('several engines are added up', () =>
  expect(vllmLoad('vllm:num_requests_running{engine="0"} 2\nvllm:num_requests_running{engine="1"} 5\n').running).toBe(
    7,
  ));

test('what is not there, or is no number, is unknown and is not said', () => {
  const unknown = { running: undefined, waiting: undefined, written: undefined, maxLoras: undefined };
  expect(vllmLoad('')).toEqual(unknown);
  expect(vllmLoad('<html>vllm:num_requests_running</html>\nvllm:num_requests_running NaN\n')).toEqual(unknown);
  expect(loadInWords(unknown, undefined)).toBe('');
  expect(loadInWords({ ...unknown, waiting: 0 }, 239.6)).toBe('0 waiting, 240 tokens/s');
});
