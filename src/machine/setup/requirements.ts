/** Reads `python/requirements.txt`: the packages an environment lacks, and the digest for the completion stamp. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pythonLines } from '../python-start';
import { runCommand } from './command';

export interface Requirement {
  /** Normalised: lower case, `-` for `_` and `.`. */
  name: string;
  version: string;
}

/** The file, and the one beside it, if any, that pins the CUDA libraries which torch brings on Linux. */
export function requirementsFiles(file: string): string[] {
  return [file, cudaRequirements(file)].filter((each) => existsSync(each));
}

/** CUDA libraries belong to the usual Linux wheel of torch only; its CPU-only wheel (`2.13.0+cpu`) has no use for them. */
export function cudaRequirements(file: string): string {
  return join(dirname(file), 'requirements-cuda.txt');
}

/** Digest of the requirements that an environment was made from. */
export function requirementsDigest(file: string): string {
  const hash = createHash('sha256');
  for (const each of requirementsFiles(file)) hash.update(readFileSync(each));
  return hash.digest('hex');
}

/** The lines that install one package alone, hashes included. Undefined if the file does not pin it. */
export function requirementLines(file: string, name: string): string | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  const first = lines.findIndex((line) => line.startsWith(`${name}==`));
  if (first < 0) return undefined;
  const after = lines.findIndex((line, index) => index > first && !/^\s/.test(line));
  return lines.slice(first, after < 0 ? undefined : after).join('\n');
}

/** Run by the environment's own Python, which alone can judge the markers that stand behind the pins. */
const missingScript = `
import importlib.metadata as metadata, json, re, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement

def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()

installed = {
    normal(d.metadata["Name"]): d.version
    for d in metadata.distributions()
    if d.metadata["Name"] and d.files is not None  # a torn package has no list of its files
}
files = sys.argv[1:2] if "+cpu" in installed.get("torch", "") else sys.argv[1:]
pins = [
    Requirement(line.split("\\\\")[0].strip())
    for file in files
    for line in open(file, encoding="utf-8")
    if re.match(r"[A-Za-z0-9]", line)
]
missing = [
    {"name": normal(pin.name), "version": next(iter(pin.specifier)).version}
    for pin in pins
    if (pin.marker is None or pin.marker.evaluate())
    and not pin.specifier.contains(installed.get(normal(pin.name), "0"), prereleases=True)
]
print(json.dumps(missing))`;

/** Pins for this Python and platform that its environment lacks; undefined if the Python does not run. */
export async function missingPins(python: string, file: string): Promise<Requirement[] | undefined> {
  const result = await runCommand(python, pythonLines(missingScript, requirementsFiles(file)), { timeoutMs: 60_000 });
  return result.exitCode === 0 ? (JSON.parse(result.stdout) as Requirement[]) : undefined;
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
