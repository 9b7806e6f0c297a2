/** Signals from people may contain anything: a handler that throws would block its workflow until the code is fixed. */
import type { GateState } from './messages';

/** Characters: enough for a problem with two digests, and what to do about it. */
export const longestReason = 700;

// C0, DEL, C1, and the characters that reorder or hide what surrounds them.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g;

/** A reason as one line of bounded length; undefined if there is none. An object is shown as its JSON. */
export function reasonLine(reason: unknown): string | undefined {
  if (reason === undefined || reason === null) return undefined;
  const text = typeof reason === 'string' ? reason : JSON.stringify(reason);
  const line = text
    .slice(0, 4 * longestReason)
    .replaceAll(unprintable, ' ')
    .trim();
  return line === '' ? undefined : line.slice(0, longestReason);
}

/** The fields of what people sent; none if it is no object. */
export function fieldsOf(input: unknown): Record<string, unknown> {
  return typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
}

/** Whether a signal is one that a run sends its children. */
export function isGateState(heard: unknown): heard is GateState {
  if (typeof heard !== 'object' || heard === null) return false;
  return (
    'version' in heard && Number.isInteger(heard.version) && 'paused' in heard && typeof heard.paused === 'boolean'
  );
}
