/** Models that reason aloud put it between `<think>` and `</think>`; what they answer comes behind. */

/**
 * A response without its thinking: `<think>…</think>` parts, everything before a `</think>` whose opening stood in the chat
 * template, and everything behind a `<think>` that was never closed. A response without such marks is returned as it is,
 * byte for byte.
 */
export function withoutThinking(response: string): string {
  if (!/<\/?think>/.test(response)) return response;
  const withoutPairs = response.replaceAll(/<think>(?:(?!<think>)[\s\S])*?<\/think>/g, '');
  const closing = withoutPairs.lastIndexOf('</think>');
  const answered = closing < 0 ? withoutPairs : withoutPairs.slice(closing + '</think>'.length);
  const [shown = ''] = answered.split('<think>');
  return shown.trim();
}

/** What counts as said: the vote, the others' summaries, the chat and the training targets see this and nothing else. */
export function saidIn(response: string, thinking: 'strip' | 'keep' | undefined): string {
  return thinking === 'keep' ? response : withoutThinking(response);
}
