/** How a completion is drawn. */
export interface Sampling {
  temperature: number;
  topP: number;
  /** Most tokens a response may have; a longer one is cut (`finishReason: length`). */
  maxTokens: number;
}
