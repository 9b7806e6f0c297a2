/** What every benchmark returns. */
export interface Measurement {
  /** What was measured, in words. */
  measure: string;
  value: number;
  unit: string;
  /** The number it has to reach (`at least`) or stay within (`at most`); absent for information. */
  target?: { kind: 'at least' | 'at most'; value: number };
}

export interface BenchmarkResult {
  benchmark: string;
  measurements: Measurement[];
  /** How it was run: sizes, versions, everything needed to read the numbers. */
  setting: Record<string, unknown>;
  /** Why it was not run; then there are no measurements. */
  skipped?: string;
}

export interface Benchmark {
  name: string;
  title: string;
  run: (tools: Tools) => Promise<BenchmarkResult>;
}

/** Programs on this machine. */
export interface Tools {
  python: string;
  temporal: string;
  /** Share of the usual amount of work, for a quick look: 1 is what targets are stated for. */
  scale: number;
  say: (line: string) => void;
}

export function isMet({ value, target }: Measurement): boolean | undefined {
  if (target === undefined) return undefined;
  return target.kind === 'at least' ? value >= target.value : value <= target.value;
}
