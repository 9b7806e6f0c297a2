/** Digests of values, and the run id that needs one. Uses `node:crypto`: not for workflows. */
import { createHash } from 'node:crypto';
import { workflowIdPrefix } from '../contract/names';

/** SHA-256 (hex) of bytes, or of a text's UTF-8. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * JSON with sorted keys and without white space, so that equal values have equal text. Members that are `undefined` are
 * left out, as JSON.stringify does; numbers are written as JavaScript writes them.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

/** SHA-256 (hex) of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** Longest run id that leaves room for the rest of a model's name in a file name of 255 bytes. */
const longestRunId = 120;

/**
 * The run id: the workflow id without its `maft/`, with every character outside `[A-Za-z0-9._-]` replaced by `-`. If
 * that changed anything, six hex digits of the original's SHA-256 keep ids distinct. A leading period (`..` would leave
 * the store) and an overlong id count as changes too.
 */
export function runIdOf(workflowId: string): string {
  const original = workflowId.startsWith(workflowIdPrefix) ? workflowId.slice(workflowIdPrefix.length) : workflowId;
  const replaced = original
    .replaceAll(/[^A-Za-z0-9._-]/gu, '-')
    .replace(/^\./, '-')
    .slice(0, longestRunId);
  return replaced === original && original !== '' ? original : `${replaced || 'run'}-${sha256(original).slice(0, 6)}`;
}
