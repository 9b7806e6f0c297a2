/**
 * Whether `value` is at least `bound`, allowing for rounding error: in floating point, 0.06 − 0.05 is below 0.01.
 */
export function reaches(value: number, bound: number): boolean {
  return value >= bound - 1e-9;
}
