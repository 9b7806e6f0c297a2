/** The history of a line: which version is current, and what a roll-back goes back to. */
import type { LineVersion } from '../../contract/line';

/** Undefined for a line that an interrupted `maft line create` left without a version. */
export function currentVersion(history: readonly LineVersion[]): LineVersion | undefined {
  return history.at(-1);
}

/**
 * The version that a roll-back takes the society of: the one named, or the newest before the current one with another
 * society. Undefined if there is none.
 */
export function rollbackTarget(history: readonly LineVersion[], number?: number): LineVersion | undefined {
  const current = currentVersion(history);
  if (number !== undefined) return history.find((version) => version.number === number);
  return history.findLast((version) => version.society !== current?.society);
}

/** `version 3 (friday@2, promoted by its gate)`. */
export function describeVersion({ number, society, decision }: LineVersion): string {
  return `version ${number} (${society}, ${decision})`;
}

/** `approved by ada`, `promoted by its gate`. */
export function describeOrigin({ decision, by }: Pick<LineVersion, 'decision' | 'by'>): string {
  const words = {
    created: `created by ${by}`,
    gate: 'promoted by its gate',
    approved: `approved by ${by}`,
    'by hand': `promoted by hand, by ${by}`,
    'rolled back': `rolled back by ${by}`,
  };
  return words[decision];
}

/** Milliseconds of `90m`, `24h`, `2d` or `30s`, as the schema allows them. */
export function durationMs(text: string): number {
  const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[text.slice(-1)];
  if (unitMs === undefined) throw new RangeError(`${text} is not a duration such as 24h`);
  return Number(text.slice(0, -1)) * unitMs;
}
