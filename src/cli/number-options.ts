/** Numbers as options of commands. Commander turns what these throw into a usage message and exit code 2. */
import { InvalidArgumentError } from 'commander';

/** 0 or more. */
export function wholeNumber(text: string): number {
  const value = parsed(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('must be a whole number of at least 0');
}

/** 1 or more. */
export function positiveNumber(text: string): number {
  const value = parsed(text);
  if (value !== undefined && value > 0) return value;
  throw new InvalidArgumentError('must be a whole number of at least 1');
}

/** `21,22`: each once, in the order given. */
export function seedList(text: string): number[] {
  const seeds = text.split(',').map((part) => parsed(part.trim()));
  if (seeds.every((seed) => seed !== undefined)) return [...new Set(seeds)];
  throw new InvalidArgumentError('must be whole numbers separated by commas, such as 21,22');
}

function parsed(text: string): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
