/** Programs that can serve the endpoint `embedded`. */
export const engines = ['maft', 'vllm'] as const;
export type EngineName = (typeof engines)[number];
