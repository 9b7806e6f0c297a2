/** How numbers are written, on the page and in the terminal: one place, so that the same number looks the same twice. */
import type { Interval } from '../domain/statistics';

const minus = '\u2212';
// Making a formatter costs far more than using one.
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 0.6612 -> `66.1 %` */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

/** 0.102 -> `+10.2`: a difference of shares in percentage points. */
export function points(difference: number): string {
  const rounded = (Math.abs(difference) * 100).toFixed(1);
  if (rounded === '0.0') return '0.0';
  return `${difference < 0 ? minus : '+'}${rounded}`;
}

/** `one sample` -> `One sample` */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `+6.2 to +14.1` */
export function pointsInterval(interval: Interval): string {
  return `${points(interval.lower)} to ${points(interval.upper)}`;
}

/** `61.7 % to 70.0 %` */
export function percentInterval({ lower, upper }: Interval): string {
  return `${percent(lower)} to ${percent(upper)}`;
}

/** `66.1 ± 2.1 %`; if all or none of the problems are right, which makes the error 0, `100.0 % of 20`. */
export function percentWithError({ accuracy: share, standardError, n }: Measured): string {
  if (n === 0) return '–';
  if (standardError === 0) return `${percent(share)} of ${count(n)}`;
  return `${(share * 100).toFixed(1)}\u00a0±\u00a0${(standardError * 100).toFixed(1)}\u00a0%`;
}

interface Measured {
  /** 0..1, and so is its standard error. */
  accuracy: number;
  standardError: number;
  n: number;
}

/** `p < 0.001`, `p = 0.034`. Rounding never hides on which side of 0.05 a value is: 0.04996 is `p = 0.0499`. */
export function pValue(p: number): string {
  if (p < 0.001) return 'p\u00a0<\u00a00.001';
  const rounded = p.toFixed(3);
  const shown = rounded === '0.050' && p < 0.05 ? (Math.floor(p * 10_000) / 10_000).toFixed(4) : rounded;
  return `p\u00a0=\u00a0${shown}`;
}

/** 12345 -> `12,345`; fractions keep one digit. */
export function count(value: number): string {
  return (Number.isInteger(value) ? whole : oneDigit).format(value);
}

/** 9 -> `9`, a mean of 16.96 -> `17` and of 17.31 -> `17.3`: model calls per problem. */
export function callsPerProblemText(calls: number): string {
  return count(Number(calls.toFixed(1)));
}

/** 75.2 -> `1 min 15 s`, 0.42 -> `0.4 s`, 8000 -> `2 h 13 min` */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)}\u00a0s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded}\u00a0s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)}\u00a0min ${rounded % 60}\u00a0s`;
  return `${Math.floor(rounded / 3600)}\u00a0h ${Math.floor((rounded % 3600) / 60)}\u00a0min`;
}

/** 1 -> `1 problem`, 2 -> `2 problems` */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)}\u00a0${value === 1 ? singular : plural}`;
}

/** A byte count in binary units: `12.0 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(1024)));
  return `${(value / 1024 ** power).toFixed(power === 0 ? 0 : 1)}\u00a0${units[power]}`;
}

/** 0.1234 -> `0.12 USD`, 0.00123 -> `0.0012 USD`: two digits at least, whatever the size. */
export function money(value: number, currency: string): string {
  return `${amount(value)}\u00a0${currency}`;
}

/** The same without its currency. */
export function amount(value: number): string {
  return value === 0 || Math.abs(value) >= 0.1 ? value.toFixed(2) : Number(value.toPrecision(2)).toString();
}

/** 0.30000000000000004 -> `0.3`: for the labels of an axis. */
export function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
