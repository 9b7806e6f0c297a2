/** Equality of 10,000 ordinary pairs of MATH answers, as `maft grade` and the shards ask for it. */
import { availableParallelism } from 'node:os';
import { drawKey } from '../src/domain/draws';
import { pythonPackagesDirectory } from '../src/machine/paths';
import type { AnswerPair } from '../src/ports';
import { MathVerifyGrader } from '../src/providers/math-verify-grader';
import type { Benchmark, BenchmarkResult, Tools } from './measurement';

export const grading: Benchmark = {
  name: 'grading',
  title: '10,000 pairs of MATH answers, none of them poisonous',
  run: measure,
};

const pairsAtFullScale = 10_000;
const processes = Math.min(2, availableParallelism());

async function measure({ python, scale }: Tools): Promise<BenchmarkResult> {
  const pairs = Array.from({ length: Math.round(pairsAtFullScale * scale) }, (_, index) => ordinaryPair(index));
  const grader = new MathVerifyGrader({ python, pythonPath: pythonPackagesDirectory(), processes, timeLimitMs: 5_000 });
  const begun = performance.now();
  const verdicts = await grader.grade(pairs);
  const seconds = (performance.now() - begun) / 1000;
  await grader.close();
  const late = verdicts.filter(({ reason }) => reason === 'time limit').length;
  return {
    benchmark: grading.name,
    measurements: [
      {
        measure: 'seconds, start of the processes included',
        value: seconds,
        unit: 's',
        target: { kind: 'at most', value: 60 * scale },
      },
      { measure: 'pairs that are equal', value: verdicts.filter(({ equal }) => equal).length, unit: '' },
      { measure: 'pairs at the time limit', value: late, unit: '', target: { kind: 'at most', value: 0 } },
    ],
    setting: { pairs: pairs.length, processes, forms: Object.keys(forms).length, wholeNumbers: '60 %' },
  };
}

/** Each form as a reference, as another writes the same, and as something else. */
const forms: Record<string, (a: number, b: number) => [string, string, string]> = {
  fraction: (a, b) => [`\\frac{${a}}{${b}}`, `\\dfrac{${2 * a}}{${2 * b}}`, `\\frac{${a}}{${b + 1}}`],
  decimal: (a, b) => [`${a}.${b}`, `${a}.${b}0`, `${a}.${b}1`],
  root: (a, b) => [`${a}\\sqrt{${b}}`, `\\sqrt{${a * a * b}}`, `${b}\\sqrt{${a}}+1`],
  polynomial: (a, b) => [`(x+${a})(x+${b})`, `x^2+${a + b}x+${a * b}`, `x^2+${a}x+${b}`],
  pair: (a, b) => [`(${a},${b})`, `\\left( ${a}, ${b} \\right)`, `(${b},${a + 1})`],
  interval: (a, b) => [`(${-a},${b}]`, `\\left(-${a}, ${b}\\right]`, `[${-a},${b})`],
  matrix: (a, b) => [
    `\\begin{pmatrix} ${a} \\\\ ${b} \\end{pmatrix}`,
    `\\begin{pmatrix}${a}\\\\${b}\\end{pmatrix}`,
    `\\begin{pmatrix} ${b + 1} \\\\ ${a} \\end{pmatrix}`,
  ],
  unit: (a, b) => [`${a * b}\\text{ cm}^2`, `${a * b}`, `${a * b + 1}`],
  multipleOfPi: (a, b) => [`\\frac{${a}\\pi}{${b}}`, `\\frac{${a}}{${b}}\\pi`, `${a}\\pi`],
  equation: (a, b) => [`y = ${a}x + ${b}`, `y=${b}+${a}x`, `y=${b}x+${a}`],
};

/** Six in ten are whole numbers, as in MATH; half of all pairs are equal. The same pairs in every run. */
function ordinaryPair(index: number): AnswerPair {
  const key = drawKey(`bench/grading/${index}`);
  const digit = (position: number) => Number.parseInt(key.slice(position * 4, position * 4 + 4), 16);
  const [a, b] = [2 + (digit(0) % 29), 2 + (digit(1) % 29)];
  const isEqual = digit(2) % 2 === 0;
  if (digit(3) % 10 < 6) return { a: String(a * b), b: String(isEqual ? a * b : a * b + 1) };
  const form = Object.values(forms)[digit(4) % Object.keys(forms).length]!;
  const [reference, same, other] = form(a, b);
  return { a: isEqual ? same : other, b: reference };
}
