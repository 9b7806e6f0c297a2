/**
 * Whether `value` is at least `bound`. What is exactly the bound on paper may be a little less in the machine, where
 * 0.06 − 0.05 is below 0.01.
 */
export function reaches(value: number, bound: number): boolean {
  return value >= bound - 1e-9;
}
