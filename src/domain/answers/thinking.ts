/** Strips the thinking of models that reason aloud between `<think>` and `</think>`, before their answer. */

const opening = '<think>';
const closing = '</think>';

/**
 * A response without its thinking: `<think>…</think>` parts, everything before a `</think>` whose opening stood in the chat
 * template, and everything behind a `<think>` that was never closed. A response without such marks is returned as it is,
 * byte for byte. One pass.
 */
export function withoutThinking(response: string): string {
  if (!/<\/?think>/.test(response)) return response;
  const withoutPairs = withoutClosedThoughts(response);
  const closed = withoutPairs.lastIndexOf(closing);
  const answered = closed < 0 ? withoutPairs : withoutPairs.slice(closed + closing.length);
  const opened = answered.indexOf(opening);
  return (opened < 0 ? answered : answered.slice(0, opened)).trim();
}

/** Each closing takes the opening before it, if none was closed in between. */
function withoutClosedThoughts(response: string): string {
  const kept: string[] = [];
  let from = 0;
  let opened: number | undefined;
  for (const { 0: mark, index } of response.matchAll(/<\/?think>/g)) {
    if (mark === opening) opened = index;
    else if (opened !== undefined) {
      kept.push(response.slice(from, opened));
      from = index + closing.length;
      opened = undefined;
    }
  }
  return kept.join('') + response.slice(from);
}

/** What counts as said: the vote, the others' summaries, the chat and the training targets see nothing else. */
export function saidIn(response: string, thinking: 'strip' | 'keep' | undefined): string {
  return thinking === 'keep' ? response : withoutThinking(response);
}
