/** Arithmetic of amounts that are limited. */
import type { Caps, Spending, WrittenCaps } from '../contract/limits';

export const nothing: Spending = { calls: 0, tokens: 0, nanoUsd: 0, gpuSeconds: 0 };

const parts = ['calls', 'tokens', 'nanoUsd', 'gpuSeconds'] as const;
export type SpendingPart = (typeof parts)[number];

function byPart(of: (part: SpendingPart) => number): Spending {
  return { calls: of('calls'), tokens: of('tokens'), nanoUsd: of('nanoUsd'), gpuSeconds: of('gpuSeconds') };
}

export function plus(...amounts: readonly Spending[]): Spending {
  return byPart((part) => amounts.reduce((sum, amount) => sum + amount[part], 0));
}

export function minus(amount: Spending, less: Spending): Spending {
  return byPart((part) => amount[part] - less[part]);
}

export function times(amount: Spending, factor: number): Spending {
  return byPart((part) => amount[part] * factor);
}

/** Part by part the larger one. */
export function larger(left: Spending, right: Spending): Spending {
  return byPart((part) => Math.max(left[part], right[part]));
}

export function atLeastNothing(amount: Spending): Spending {
  return larger(amount, nothing);
}

/** What of an amount exceeds what is left, in the parts that are limited; empty if it fits. */
export function exceeded(amount: Spending, left: Caps): SpendingPart[] {
  return parts.filter((part) => amount[part] > 0 && amount[part] > (left[part] ?? Infinity));
}

/** What caps leave of what is used. */
export function leftOf(caps: Caps, used: Spending): Caps {
  return capsOf(caps, (part, cap) => cap - used[part]);
}

/** The same parts, with other values. */
export function capsOf(caps: Caps, of: (part: SpendingPart, cap: number) => number): Caps {
  const limited = parts.flatMap((part) => {
    const cap = caps[part];
    return cap === undefined ? [] : [[part, of(part, cap)]];
  });
  return Object.fromEntries(limited) as Caps;
}

/**
 * Between `needs` and `wants`, but not more than `most` of any part unless it is needed: as large a share of what is wanted
 * beyond the need as fits. Parts that are not limited are granted as wanted.
 */
export function between(needs: Spending, wants: Spending, most: Caps): Spending {
  const shares = parts.flatMap((part) => {
    const beyond = wants[part] - needs[part];
    const room = (most[part] ?? Infinity) - needs[part];
    return beyond <= 0 ? [] : [Math.max(0, Math.min(1, room / beyond))];
  });
  const share = Math.min(1, ...shares);
  return byPart((part) => needs[part] + Math.floor(Math.max(0, wants[part] - needs[part]) * share));
}

const nanoPerUsd = 1e9;
const secondsPerHour = 3600;

export function capsFrom({ usd, gpuHours, tokens, calls }: WrittenCaps): Caps {
  return {
    ...(calls === undefined ? {} : { calls }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(usd === undefined ? {} : { nanoUsd: Math.floor(usd * nanoPerUsd) }),
    ...(gpuHours === undefined ? {} : { gpuSeconds: Math.floor(gpuHours * secondsPerHour) }),
  };
}

/** How people name the parts, and read their values. */
export const namesOfParts: Record<SpendingPart, { setting: keyof WrittenCaps; text: (value: number) => string }> = {
  calls: { setting: 'calls', text: (value) => String(value) },
  tokens: { setting: 'tokens', text: (value) => String(value) },
  nanoUsd: { setting: 'usd', text: (value) => dollars(value) },
  gpuSeconds: { setting: 'gpuHours', text: (value) => `${(value / secondsPerHour).toFixed(3)} hours` },
};

function dollars(nanoUsd: number): string {
  const usd = nanoUsd / nanoPerUsd;
  return `${usd === 0 || usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(3))} USD`;
}
