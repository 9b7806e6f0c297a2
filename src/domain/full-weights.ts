/** Why full weights cannot be served by a vLLM, and what to do. */
export function fullWeightsRefusal(agent: string, endpoint: string): string {
  return (
    `${agent} has full weights, and the vLLM at the endpoint "${endpoint}" holds one base model and adapters of it, no further ` +
    'whole models. Train adapters (finetuning: {weights: {lora: {rank: 16}}}), or let maft.serve serve the run (endpoint ' +
    '"embedded" of a `maft up` without --engine vllm)'
  );
}
