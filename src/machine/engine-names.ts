/** Programs that can serve the endpoint `embedded`. */
export const engines = ['maft', 'vllm'] as const;
export type EngineName = (typeof engines)[number];

/** `maft.serve`, which needs nothing installed. */
export const ownEngine: EngineName = 'maft';
