/** `python/requirements.txt` as set-up reads it: which versions must be there, and the digest the completion stamp carries. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Requirement {
  /** Normalised: lower case, `-` for `_` and `.`. */
  name: string;
  version: string;
}

/** Digest of the file and of the constraints files it names: what an environment was made from. */
export function requirementsDigest(file: string): string {
  const hash = createHash('sha256');
  const text = readFileSync(file, 'utf8');
  hash.update(text);
  for (const [, constraints] of text.matchAll(/^-c\s+(\S+)/gm)) {
    const path = join(dirname(file), constraints!);
    if (existsSync(path)) hash.update(readFileSync(path, 'utf8'));
  }
  return hash.digest('hex');
}

/**
 * The pins that hold for a Python version (`3.11`). Understands what our file uses, `name==version` with an optional
 * `python_version` marker; pip remains the judge of everything else.
 */
export function pinsFor(file: string, pythonVersion: string): Requirement[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const pin = /^([A-Za-z0-9._-]+)==([^\s;]+)\s*(?:;\s*python_version\s*(<|>=)\s*"(\d+\.\d+)")?/.exec(line);
    if (pin === null) return [];
    const [, name, version, operator, bound] = pin;
    return holds(pythonVersion, operator, bound) ? [{ name: normalise(name!), version: version! }] : [];
  });
}

export function normalise(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Negative, zero or positive like a sort function; numbers between dots only, so `2.13.0+cpu` equals `2.13.0`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) =>
    (version.split(/[+-]/)[0] ?? '').split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let position = 0; position < Math.max(left!.length, right!.length); position += 1) {
    const difference = (left![position] ?? 0) - (right![position] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function holds(pythonVersion: string, operator: string | undefined, bound: string | undefined): boolean {
  if (operator === undefined || bound === undefined) return true;
  const comparison = compareVersions(pythonVersion, bound);
  return operator === '<' ? comparison < 0 : comparison >= 0;
}
